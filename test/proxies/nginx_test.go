package proxies

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// site contains additional directives for the blocks of a configuration.
type site struct {
	http     string
	listen   string // parameters of the listener
	server   string
	location string
}

// nginxConfig otherwise has nginx's defaults.
const nginxConfig = `
%[7]s
daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log stderr error;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	%[3]s
	server {
		listen unix:%[1]s/socket %[4]s;
		%[5]s
		location / {
			proxy_pass %[2]s;
			proxy_set_header Host $host;
			%[6]s
		}
	}
}
`

// nginx is a running nginx.
type nginx struct {
	dir, upstream string
	process       *os.Process
}

// startNginx starts a real nginx in front of an upstream.
func startNginx(t *testing.T, upstream string, s site) *nginx {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in every user's PATH
	}
	n := &nginx{dir: tempDir(t), upstream: upstream}
	n.configure(t, s)
	command := exec.Command(program, "-p", n.dir, "-e", "stderr", "-c", n.file())
	command.SysProcAttr = endsWithTests()
	said := new(bytes.Buffer)
	command.Stderr = said
	require.NoError(t, command.Start(), "is the package nginx-light installed?")
	n.process = command.Process
	t.Cleanup(func() {
		_ = n.process.Signal(syscall.SIGTERM) // the master process stops its workers
		killed := time.AfterFunc(giveUp, func() { _ = n.process.Kill() })
		_ = command.Wait()
		killed.Stop()
		if t.Failed() {
			t.Logf("nginx wrote:\n%s", said)
		}
	})
	require.Eventually(t, func() bool {
		conn, err := n.dial(t.Context(), "", "")
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, giveUp, tick, "nginx does not listen")
	return n
}

func (n *nginx) file() string { return filepath.Join(n.dir, "nginx.conf") }

func (n *nginx) configure(t *testing.T, s site) {
	t.Helper()
	user := ""
	if os.Geteuid() == 0 {
		user = "user root root;" // its workers need access to the directory
	}
	text := fmt.Appendf(nil, nginxConfig, n.dir, n.upstream, s.http, s.listen, s.server, s.location, user)
	require.NoError(t, os.WriteFile(n.file(), text, 0o600))
}

// reload reloads the configuration: new workers start, and the old ones finish their
// requests.
func (n *nginx) reload(t *testing.T, s site) {
	t.Helper()
	n.configure(t, s)
	require.NoError(t, n.process.Signal(syscall.SIGHUP))
}

func (n *nginx) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(n.dir, "socket"))
}

// httpClient returns a plain HTTP client.
func (n *nginx) httpClient(t *testing.T) *http.Client {
	transport := &http.Transport{DialContext: n.dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// behindNginx starts nginx in front of a service, and returns a client in front of nginx.
func behindNginx(t *testing.T, s *service, of site, opts ...agento.Option) *caller {
	t.Helper()
	n := startNginx(t, s.upstream(), of)
	return newCaller(t, s.Key(), "http://localhost", n.dial, opts...)
}

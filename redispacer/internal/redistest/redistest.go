// Package redistest runs real Redis servers on loopback.
package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const startTime = 20 * time.Second

// Server is a redis-server that stores nothing on disk.
type Server struct {
	Addr string
	dir  string
	args []string
	cmd  *exec.Cmd
	died chan struct{}
}

// Start starts a redis-server with additional arguments in dir, on a free port. The
// caller must stop it.
func Start(dir string, args ...string) (*Server, error) {
	var last error
	for range 5 {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		s := &Server{Addr: addr, dir: dir, args: args}
		if last = s.Restart(); last == nil {
			return s, nil
		}
		if errors.Is(last, exec.ErrNotFound) {
			break
		}
	}
	return nil, last
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Restart starts a stopped server on the same port, without its data.
func (s *Server) Restart() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	log := filepath.Join(s.dir, "redis-"+port+".log")
	args := append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", s.dir, "--logfile", log,
	}, s.args...)
	s.cmd = exec.Command("redis-server", args...)
	s.cmd.SysProcAttr = dieWithParent()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	cmd, died := s.cmd, make(chan struct{})
	s.died = died
	go func() {
		_ = cmd.Wait()
		close(died)
	}()
	for end := time.Now().Add(startTime); time.Now().Before(end); {
		if s.replies() {
			return nil
		}
		select {
		case <-died:
			text, _ := os.ReadFile(log)
			return fmt.Errorf("redis-server ended: %s", text)
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.Stop()
	return errors.New("redis-server does not reply")
}

// replies reports whether the server replies to a PING, even with an authentication error.
func (s *Server) replies() bool {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH"))
}

// Stop kills the server, even if it is paused, and waits for its end.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.died
}

// Pause suspends the process. Its connections stay open.
func (s *Server) Pause() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume continues a paused server.
func (s *Server) Resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }

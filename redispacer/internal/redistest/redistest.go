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

// Server is a Redis that keeps nothing on disk.
type Server struct {
	Addr string
	dir  string
	args []string
	cmd  *exec.Cmd
	died chan struct{}
}

// Start starts a redis-server in the folder on a free port, with more arguments
// of its command line. The caller must Stop it.
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

// Restart starts a server that was stopped again, on its port and without its data.
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
		if s.answers() {
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
	return errors.New("redis-server does not answer")
}

// answers tells whether it says anything to a PING: without a password, that is
// that it wants one.
func (s *Server) answers() bool {
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

// Stop ends the server at once, paused or not, and returns when it has ended.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.died
}

// Pause stops the process without ending it: connections stay, and nothing answers.
func (s *Server) Pause() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }

package browser

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program is a run of the example.
type program struct {
	url   string
	cmd   *exec.Cmd
	ended chan struct{}
	asked bool // interrupt or kill was called
}

var address = regexp.MustCompile(`http://\S+`)

func startProgram(t *testing.T, environment ...string) *program {
	t.Helper()
	cmd := exec.Command(widget, "-listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = dieWithParent()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &program{cmd: cmd, ended: make(chan struct{})}
	found := make(chan string, 1)
	go func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if url := address.FindString(lines.Text()); url != "" {
				found <- url
			}
		}
		_ = cmd.Wait() // it was interrupted or killed
	}()
	t.Cleanup(func() {
		select {
		case <-p.ended:
			require.True(t, p.asked, "program ended unexpectedly: %s", cmd.ProcessState)
		default:
			p.kill()
		}
	})
	select {
	case p.url = <-found:
	case <-p.ended:
		t.Fatal("program ended at once")
	case <-time.After(giveUp):
		t.Fatal("program does not print its address")
	}
	return p
}

// kill kills the program, as a crash would.
func (p *program) kill() {
	p.asked = true
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// interrupt interrupts the program like Ctrl-C.
func (p *program) interrupt(t *testing.T) {
	t.Helper()
	p.asked = true
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	select {
	case <-p.ended:
	case <-time.After(giveUp):
		t.Fatal("program does not end")
	}
	require.True(t, p.cmd.ProcessState.Success())
}

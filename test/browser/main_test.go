package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const giveUp = time.Minute // timeout for expected events

var (
	widget string          // the built program
	chrome context.Context // the browser that all tests share
)

func TestMain(m *testing.M) {
	code, err := prepareAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		code = 1
	}
	os.Exit(code)
}

func prepareAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	widget = filepath.Join(dir, "chatwidget")
	build := exec.Command("go", "build", "-o", widget, "./examples/chatwidget")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building examples/chatwidget: %w\n%s", err, out)
	}
	if err := os.Setenv(mark, dir); err != nil {
		return 0, err
	}
	var quit func()
	if chrome, quit, err = startChromium(filepath.Join(dir, "profile")); err != nil {
		return 0, err
	}
	if runtime.GOOS == "linux" && len(started(dir)) == 0 {
		return 0, errors.New("processes of the browser not found in /proc")
	}
	code = m.Run()
	quit()
	return code, nothingLeft(dir)
}

// mark is a variable that all processes of a run inherit.
const mark = "AGENTO_E2E_RUN"

// nothingLeft waits until no process started by these tests is left.
func nothingLeft(dir string) error {
	var left []string
	for deadline := time.Now().Add(giveUp); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left = started(dir); len(left) == 0 {
			return nil
		}
	}
	return fmt.Errorf("processes are left behind: %s", left)
}

// started returns the processes that have the directory in their environment or command line,
// because Chromium may overwrite its environment.
func started(dir string) (found []string) {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is valid
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range append(environments, commands...) {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), dir) { // the process may have ended
			found = append(found, file)
		}
	}
	return found
}

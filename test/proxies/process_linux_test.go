package proxies

import "syscall"

// endsWithTests makes the system end a process with the tests, even if they are killed.
func endsWithTests() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}

package proxies

import "syscall"

// endsWithTests has the system end a process with the tests, also when they are
// killed.
func endsWithTests() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}

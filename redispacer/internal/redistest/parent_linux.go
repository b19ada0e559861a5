package redistest

import "syscall"

// dieWithParent kills the server if the test process ends without its cleanup.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

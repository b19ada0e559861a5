package redistest

import "syscall"

// dieWithParent ends the server when a test dies without its clean-up.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

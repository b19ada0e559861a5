package browser

import "syscall"

// dieWithParent has the kernel end a process when the tests' own one is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

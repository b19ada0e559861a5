package browser

import "syscall"

// dieWithParent makes the kernel kill a process when the test process is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

//go:build unix && !linux

package proxies

import "syscall"

// endsWithTests has nothing to offer where the system does not: a process ends
// with its test, unless the tests are killed.
func endsWithTests() *syscall.SysProcAttr { return nil }

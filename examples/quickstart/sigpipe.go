//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// A write to a closed pipe returns an error instead of ending the program, so that the
// agent is removed.
func init() { signal.Ignore(syscall.SIGPIPE) }

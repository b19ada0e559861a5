package exchange

import (
	"path"
	"runtime"
	"strings"
)

// callingTest names the test function that this goroutine runs, by the outermost
// function of a test file on its stack. It is empty where there is none.
func callingTest() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	test := ""
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.File, "_test.go") {
			test = functionName(frame.Function)
		}
		if !more {
			return test
		}
	}
}

// functionName takes the function out of a symbol such as
// "example.com/a/b_test.TestX.func1".
func functionName(symbol string) string {
	parts := strings.Split(path.Base(symbol), ".")
	if len(parts) < 2 {
		return symbol
	}
	return parts[1]
}

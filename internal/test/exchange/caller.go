package exchange

import (
	"cmp"
	"path"
	"runtime"
	"strings"
)

// callingTest returns the name of the test function on the stack. If there is none, as
// in a bubble of testing/synctest, it returns the outermost function of a test file.
func callingTest() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	test, helper := "", ""
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.File, "_test.go") {
			helper = functionName(frame.Function)
			if isTest(helper) {
				test = helper
			}
		}
		if !more {
			return cmp.Or(test, helper)
		}
	}
}

// isTest excludes TestMain, which runs examples.
func isTest(name string) bool {
	return name != "TestMain" && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Example"))
}

// functionName returns the function in a symbol such as
// "example.com/a/b_test.TestX.func1".
func functionName(symbol string) string {
	parts := strings.Split(path.Base(symbol), ".")
	if len(parts) < 2 {
		return symbol
	}
	return parts[1]
}

package exchange

import (
	"regexp"
	"runtime"
	"strings"
)

// testFunction matches the function in a symbol such as "example.com/a/b_test.TestX.func1".
var testFunction = regexp.MustCompile(`\.((?:Test|Example)\w*)`)

// callingTest returns the name of the outermost test function or example on the stack, or
// "". TestMain, which runs examples, does not count.
func callingTest() (test string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		name := testFunction.FindStringSubmatch(frame.Function)
		if name != nil && name[1] != "TestMain" && strings.HasSuffix(frame.File, "_test.go") {
			test = name[1]
		}
		if !more {
			return test
		}
	}
}

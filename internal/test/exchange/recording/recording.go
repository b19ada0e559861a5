// Package recording makes the tests that import it record their exchanges if an
// environment variable is set:
//
//	import _ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
package recording

import (
	"os"
	"runtime/debug"
	"strings"

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

func init() {
	dir := os.Getenv(exchange.Variable)
	if dir == "" {
		return
	}
	pkg := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		pkg = strings.TrimSuffix(info.Path, ".test")
	}
	if err := exchange.RecordTo(dir, pkg); err != nil {
		panic(err)
	}
}

//go:build live

package live

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// prefix begins the names of all that is made.
const prefix = "agento-go-live-"

const (
	reportVariable = "AGENTO_LIVE_REPORT"
	writeVariable  = "AGENTO_LIVE_WRITE"

	cleanUpTime    = time.Minute
	endedEarlyExit = 130
)

// run is what all tests share.
var run struct {
	ctx    context.Context // ends with an interrupt, and before the test's own time limit
	client *agento.Client
	writes bool
	report *wirereport.Report
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(carryOut(m))
}

func carryOut(m *testing.M) int {
	client, err := agento.NewFromEnv()
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		return 2
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := withTimeLimit(interrupted)
	defer cancel()
	run.ctx, run.client, run.writes = ctx, client, os.Getenv(writeVariable) == "1"
	run.report = wirereport.New(source())

	code := sweep("left behind by an earlier run")
	if code == 0 {
		code = m.Run()
	}
	if left := sweep("left behind by this run"); left != 0 {
		code = left
	}
	if err := writeReport(); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		code = 2
	}
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "live: ended early:", context.Cause(ctx))
		return endedEarlyExit
	}
	return code
}

// withTimeLimit ends the work while there is time to clean up before the test
// binary ends itself.
func withTimeLimit(ctx context.Context) (context.Context, context.CancelFunc) {
	limit, ok := flag.Lookup("test.timeout").Value.(flag.Getter).Get().(time.Duration)
	if !ok || limit <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit-min(cleanUpTime, limit/2))
}

func source() string {
	if base := os.Getenv("AGENTO_BASE_URL"); base != "" {
		return "the service at " + base
	}
	return "the live service"
}

func notTried() string {
	if run.writes {
		return "not tried"
	}
	return "not tried: it writes, and " + writeVariable + " is not 1"
}

func writeReport() error {
	for _, op := range run.report.Operations {
		if op.Verdict == wirereport.Unknown && op.Reasons == nil {
			run.report.Note(op.Name, wirereport.Unknown, notTried())
		}
	}
	_ = run.report.WriteText(os.Stdout)
	name := os.Getenv(reportVariable)
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	write := run.report.WriteText
	if strings.HasSuffix(name, ".json") {
		write = run.report.WriteJSON
	}
	if err := write(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

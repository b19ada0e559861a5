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

// prefix begins the names of everything that is created.
const prefix = "agento-go-live-"

const (
	reportVariable = "AGENTO_LIVE_REPORT"
	writeVariable  = "AGENTO_LIVE_WRITE"

	cleanUpTime    = time.Minute
	endedEarlyExit = 130
)

// run is shared by all tests.
var run struct {
	ctx      context.Context // ends at an interrupt, and before the test's time limit
	client   *agento.Client
	recorder recorder
	document *document
	noWrites string // why write operations are not tried; empty: they are tried
	report   *wirereport.Report
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(carryOut(m))
}

func carryOut(m *testing.M) int {
	client, err := agento.NewFromEnv(agento.WithMiddleware(run.recorder.middleware))
	if err == nil {
		run.document, err = readDocument()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		return 2
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := withTimeLimit(interrupted)
	defer cancel()
	run.ctx, run.client, run.report = ctx, client, wirereport.New(source())

	code := 0
	if os.Getenv(writeVariable) != "1" {
		run.noWrites = writeVariable + " is not 1"
	} else if err := sweep("left behind by an earlier run"); err != nil {
		run.noWrites = "what an earlier run left behind cannot be removed: " + reason(err)
		fmt.Fprintln(os.Stderr, "live: reading only:", run.noWrites)
		code = 1
	}
	code = max(code, m.Run())
	if run.noWrites == "" {
		if err := sweep("left behind by this run"); err != nil {
			fmt.Fprintf(os.Stderr, "live: NOT ALL IS REMOVED; look for names that begin with %q: %s\n", prefix, reason(err))
			code = 1
		}
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

// withTimeLimit ends the context early enough to clean up before go test's time limit.
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
	if run.noWrites != "" {
		return "not tried: it writes, and " + run.noWrites
	}
	return "not tried: " + endedEarly()
}

func endedEarly() string { return fmt.Sprintf("the run ended early: %v", context.Cause(run.ctx)) }

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

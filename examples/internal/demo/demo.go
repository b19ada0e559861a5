// Package demo connects the examples to the real service, or to a fake service in their
// own process.
package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

// Connect returns a client for the service of AGENTO_API_KEY and, if set, AGENTO_BASE_URL.
// Without a key it starts a test service, writes a notice, and calls prepare, which may be
// nil. The caller must call the returned function when done.
func Connect(notice io.Writer, prepare func(*agentotest.Server), opts ...agentotest.Option) (*agento.Client, func(), error) {
	if os.Getenv("AGENTO_API_KEY") != "" {
		client, err := agento.NewFromEnv()
		return client, func() {}, err
	}
	fmt.Fprintln(terminal.Wrap(notice), "AGENTO_API_KEY is not set: using the embedded test service, whose agents are fakes.")
	server := agentotest.NewServer(opts...)
	if prepare != nil {
		prepare(server)
	}
	return server.Client(), server.Close, nil
}

// Parse parses the arguments of an example. It prints the usage only for -h; main prints the
// error.
func Parse(flags *flag.FlagSet, args []string) error {
	usage := flags.Output()
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(usage)
		flags.Usage()
	}
	return err
}

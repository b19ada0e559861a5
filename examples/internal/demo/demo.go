// Package demo connects the examples to a service: the real one, or one inside
// of their own process.
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

// Connect makes a client for the service that AGENTO_API_KEY, and
// AGENTO_BASE_URL where it is set, name. Without a key it starts a test service,
// says so on notice, and has prepare fill it, which may be nil. The caller calls
// the function that is returned when it is done.
func Connect(notice io.Writer, prepare func(*agentotest.Server), opts ...agentotest.Option) (*agento.Client, func(), error) {
	if os.Getenv("AGENTO_API_KEY") != "" {
		client, err := agento.NewFromEnv()
		return client, func() {}, err
	}
	fmt.Fprintln(terminal.Wrap(notice), "AGENTO_API_KEY is not set: using the embedded test service, whose agents are test doubles.")
	server := agentotest.NewServer(opts...)
	if prepare != nil {
		prepare(server)
	}
	return server.Client(), server.Close, nil
}

// Parse parses the arguments of an example. It prints the usage for -h only: the error
// of a wrong argument is printed once, by main.
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

// Speccheck compares the SDK with an OpenAPI document: by default with the one
// that the live service publishes.
//
//	go -C contract tool speccheck [-spec URL|file] [-json]
//
// It prints what differs, and for each operation whether the document confirms
// it. The exit status is 0 when nothing differs that a caller would notice, 1
// when something does, and 2 when there is no document to compare with.
//
// No key is sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/contract/compare"
	"github.com/remsyshq/agento-go/contract/spec"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

const (
	exitBreaking   = 1
	exitNoDocument = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("speccheck", flag.ContinueOnError)
	flags.SetOutput(problems)
	source := flags.String("spec", "https://api.agento.host/openapi.json", "URL or file of the OpenAPI document")
	asJSON := flags.Bool("json", false, "write the report as JSON")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitNoDocument
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(problems, "speccheck: %q is not an option; use -spec for the document\n", flags.Arg(0))
		return exitNoDocument
	}
	report, err := check(*source)
	if err == nil {
		err = write(report, out, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(problems, "speccheck:", strings.Join(strings.Fields(err.Error()), " "))
		return exitNoDocument
	}
	if report.Breaking() {
		return exitBreaking
	}
	return 0
}

func write(report *wirereport.Report, out io.Writer, asJSON bool) error {
	if asJSON {
		return report.WriteJSON(out)
	}
	return report.WriteText(out)
}

func check(source string) (*wirereport.Report, error) {
	data, err := read(source)
	if err != nil {
		return nil, fmt.Errorf("there is no document to compare with: %w", err)
	}
	doc, err := spec.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be compared with: %w", source, err)
	}
	return compare.With(doc, source)
}

func read(source string) ([]byte, error) {
	if u, err := url.Parse(source); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return fetch(source)
	}
	return os.ReadFile(source)
}

const (
	patience    = 30 * time.Second
	maxDocument = 64 << 20
)

func fetch(address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "agento-go-speccheck")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("%s is larger than %d MiB", address, maxDocument>>20)
	}
	return data, err
}

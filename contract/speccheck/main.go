// Speccheck compares the SDK with an OpenAPI document, by default the one that the live
// service publishes.
//
//	go -C contract tool speccheck [-spec URL|file] [-json]
//
// It prints the differences, and for each operation whether the document confirms it.
// The exit status is 0 if no difference would break a caller, 1 if one would, and 2 if
// the document cannot be read or no operation could be checked. No key is sent.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/contract"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status.
func run(args []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("speccheck", flag.ContinueOnError)
	flags.SetOutput(problems)
	source := flags.String("spec", "https://api.agento.host/openapi.json", "URL or file of the OpenAPI document")
	asJSON := flags.Bool("json", false, "write the report as JSON")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(problems, "speccheck: %q is not an option; use -spec for the document\n", flags.Arg(0))
		return 2
	}
	report, err := check(*source)
	if err == nil && *asJSON {
		err = report.WriteJSON(out)
	} else if err == nil {
		err = report.WriteText(out)
	}
	if err != nil {
		fmt.Fprintln(problems, "speccheck:", strings.Join(strings.Fields(err.Error()), " "))
		return 2
	}
	switch {
	case report.Breaking():
		return 1
	case report.Summary.Confirmed == 0:
		fmt.Fprintln(problems, "speccheck: no operation could be checked")
		return 2
	}
	return 0
}

func check(source string) (*wirereport.Report, error) {
	data, err := read(source)
	if err != nil {
		return nil, fmt.Errorf("cannot read the document: %w", err)
	}
	doc, err := contract.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("cannot compare with %s: %w", source, err)
	}
	return compare(ownDocument(), doc, source)
}

// ownDocument returns the SDK's openapi.json, which agentotest serves.
var ownDocument = sync.OnceValue(func() *document {
	out := httptest.NewRecorder()
	agentotest.New().ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	doc, err := contract.Parse(out.Body.Bytes())
	if err != nil {
		panic(err) // embedded in this program
	}
	return readDocument(doc, nil)
})

// read reads a file or a URL, without a key.
func read(source string) ([]byte, error) {
	if !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "https://") {
		return os.ReadFile(source)
	}
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Get(source)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", source, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

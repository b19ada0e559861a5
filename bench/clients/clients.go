// Package clients holds the ways to call the service that are compared: each
// written as its users would.
package clients

import (
	"context"
	"fmt"
	"net/http"
)

// Client makes the calls that are measured. What a method returns shows that the
// answer was read.
type Client interface {
	Status(ctx context.Context, id string) (status string, err error)
	Get(ctx context.Context, id string) (name string, err error)
	List(ctx context.Context) (rows int, err error)
	// All iterates over a list, page by page, a hundred rows each.
	All(ctx context.Context) (rows int, err error)
	Create(ctx context.Context, name, soul string) (id string, err error)
	Ingest(ctx context.Context, id string, chunks []string) (ingested int, err error)
	// Chat calls event for each event of the answer, and returns nil only if
	// the answer is complete.
	Chat(ctx context.Context, id, message string, event func(kind, content string)) error
}

// Kind is one way to call the service.
type Kind struct {
	Name string
	New  func(baseURL string, http *http.Client) (Client, error)
}

// PageSize is the number of rows that All asks for at a time.
const PageSize = 100

// The names of the ways, as they stand in tables.
const (
	Raw       = "raw net/http"
	Retryable = "go-retryablehttp"
	SDK       = "this SDK"
	Oapi      = "oapi-codegen"
	Ogen      = "ogen"
)

// Kinds are all the ways of this build, the raw one first. The generated ones
// are there with the build tag generated.
var Kinds = []Kind{
	{Raw, newRaw},
	{Retryable, newRetryable},
	{SDK, newSDK},
}

// everyPage reads a list to its end, where a client has no such method.
func everyPage(fetch func(limit, offset int) (rows, total int, err error)) (int, error) {
	seen := 0
	for {
		rows, total, err := fetch(PageSize, seen)
		if err != nil {
			return seen, err
		}
		seen += rows
		if seen >= total {
			return seen, nil
		}
		if rows == 0 {
			return seen, fmt.Errorf("the list ended after %d of %d rows", seen, total)
		}
	}
}

package clients

import (
	"context"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
)

// newRetryable is the raw client with go-retryablehttp in its defaults beneath.
func newRetryable(baseURL string, client *http.Client) (Client, error) {
	retrying := retryablehttp.NewClient()
	retrying.HTTPClient = client
	retrying.Logger = nil
	return &raw{base: baseURL, do: func(ctx context.Context, method, url string, header http.Header, body []byte) (*http.Response, error) {
		var in any
		if body != nil {
			in = body
		}
		req, err := retryablehttp.NewRequestWithContext(ctx, method, url, in)
		if err != nil {
			return nil, err
		}
		req.Header = header
		return retrying.Do(req)
	}}, nil
}

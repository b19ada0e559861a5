package agentotest

import (
	"fmt"

	"github.com/remsyshq/agento-go"
)

// Client returns a client of the SDK that speaks to the server with
// [Service.Key]. Options that are given win over its own. It panics if they do
// not fit; for another key use agento.New with the server's URL and
// [Server.HTTPClient].
func (s *Server) Client(opts ...agento.Option) *agento.Client {
	own := []agento.Option{agento.WithBaseURL(s.URL), agento.WithHTTPClient(s.HTTPClient())}
	client, err := agento.New(s.Key(), append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("agentotest: Client: %v", err))
	}
	return client
}

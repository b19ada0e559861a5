package agento_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/remsyshq/agento-go/agentotest"
)

// withService runs a test in virtual time against a fake service that has no
// rate limit of its own.
func withService(t *testing.T, opts []agentotest.Option, test func(t *testing.T, s *agentotest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		unlimited := []agentotest.Option{agentotest.WithInMemory(), agentotest.WithRateLimit(0, 0)}
		s := agentotest.NewServer(append(unlimited, opts...)...)
		defer s.Close()
		test(t, s)
	})
}

// inTurn is a transport that gives the answers in turn, one to each request, and
// notes the methods of the requests.
func inTurn(t *testing.T, methods *[]string, answers ...*http.Response) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		n := len(*methods)
		*methods = append(*methods, r.Method)
		if n >= len(answers) {
			t.Errorf("one request too many: %v", *methods)
			return respond(500, ""), nil
		}
		return answers[n], nil
	}
}

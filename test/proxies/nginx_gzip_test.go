package proxies

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const nginxGzip = "nginx: gzip"

// zipped compresses all responses of a minimum size.
var zipped = site{http: `
	gzip on;
	gzip_types application/json text/event-stream;
	gzip_proxied any;
	gzip_comp_level 1;
	gzip_min_length 1;
	proxy_buffers 8 256k;
	proxy_max_temp_file_size 0;`}

func gzipFaults() []fault {
	return []fault{
		{nginxGzip, "a list of 500 agents", "the list, decompressed", zippedList(behindNginx)},
		{nginxGzip, "a list of 500 agents over HTTP/2", "the list, decompressed", zippedList(behindTLS)},
		{nginxGzip, "a truncated response", "an Error after all attempts, no partial list", func(t *testing.T) {
			s := startService(t)
			s.Next("Agents.List", 2, agentotest.Cut(200))
			c := behindNginx(t, s, zipped)
			page, err := c.Agents.List(c.ctx, nil)
			requireFailure(t, err, http.StatusOK, 2)
			require.Nil(t, page)
		}},
		{nginxGzip, "a success that decompresses to more than 64 MiB", "an Error at 64 MiB, at the first attempt", func(t *testing.T) {
			const mebibytes = 65
			c := bomb(t, http.StatusOK, mebibytes<<20)
			err := c.get("a1")
			e := requireFailure(t, err, http.StatusOK, 1)
			require.ErrorContains(t, err, "larger than 64 MiB")
			require.LessOrEqual(t, len(e.Body), 64<<20+1)
			require.Less(t, c.received.Load(), int64(1<<20))
		}},
		{nginxGzip, "an error response that decompresses to 8 MiB", "the error after 1 MiB of it", func(t *testing.T) {
			c := bomb(t, http.StatusNotFound, 8<<20)
			e := requireFailure(t, c.get("a1"), http.StatusNotFound, 1, agento.ErrNoRoute)
			require.Len(t, e.Body, 1<<20)
			require.Less(t, c.received.Load(), int64(1<<20))
		}},
		{nginxGzip, "a chat whose events are sent one by one", "each event as soon as it was sent", func(t *testing.T) {
			oneByOne(t, behindNginx, zipped, unbuffered)
		}},
		{nginxGzip, "a log whose lines are written one by one", "each line as soon as it was written", func(t *testing.T) {
			lineByLine(t, behindNginx, zipped, unbuffered)
		}},
	}
}

type behind = func(*testing.T, *service, site, ...agento.Option) *caller

func zippedList(behind behind) func(t *testing.T) {
	return func(t *testing.T) {
		s := startService(t)
		for range 500 {
			s.AddAgent(agentotest.AgentSeed{Name: "Bot", Description: strings.Repeat("so ", 100)})
		}
		c := behind(t, s, zipped)
		var response agento.Response
		page, err := c.Agents.List(c.ctx, nil, agento.WithResponse(&response))
		require.NoError(t, err)
		require.Len(t, page.Data, 501)
		require.Less(t, c.received.Load(), int64(len(response.Body)/2), "it was not compressed")
	}
}

// bomb returns a client in front of a service with a response that is small only when
// compressed.
func bomb(t *testing.T, status, size int) *caller {
	s := startService(t)
	s.Next("Agents.Get", 2, agentotest.Answer(agentotest.Raw{Status: status, Body: bytes.Repeat([]byte(" "), size)}))
	return behindNginx(t, s, zipped)
}

package proxies

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/remsyshq/agento-go"
)

// toxic is a toxic of toxiproxy: its type, its direction, and its attributes as JSON.
type toxic struct {
	kind, stream, attributes string
	toxicity                 int // 0: inactive
}

// down returns a toxic for responses.
func down(kind, attributes string) toxic { return toxic{kind, "downstream", attributes, 1} }

// up returns a toxic for requests.
func up(kind, attributes string) toxic { return toxic{kind, "upstream", attributes, 1} }

// resetting turns the end of a connection into a reset. toxiproxy prepares a connection for
// that if it has this toxic, even if inactive.
var resetting = toxic{kind: "reset_peer", stream: "downstream", attributes: "{}"}

// faulty is a service behind toxiproxy, and a client in front of it.
type faulty struct {
	*service
	*caller
	proxy *toxiproxy.Proxy
}

// behindToxics applies toxics to the first n connections of a client. Later ones connect
// directly to the service. If n is 0, toxics apply to all connections.
func behindToxics(t *testing.T, s *service, n int64, toxics []toxic, opts ...agento.Option) *faulty {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", s.address)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	x := &faulty{service: s, proxy: proxy}
	for _, one := range toxics {
		x.add(t, one)
	}
	var dialled atomic.Int64
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		address := proxy.Listen
		if i := dialled.Add(1); n > 0 && i > n {
			address = s.address
		}
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	x.caller = newCaller(t, s.Key(), "http://localhost", dial, opts...)
	return x
}

// add adds a toxic, including to open connections.
func (x *faulty) add(t *testing.T, one toxic) {
	t.Helper()
	text := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": %s, "toxicity": %d}`,
		one.kind, one.stream, one.attributes, one.toxicity)
	_, err := x.proxy.Toxics.AddToxicJson(strings.NewReader(text))
	require.NoError(t, err)
}

// toxiproxyLeaks are goroutines that toxiproxy itself leaks: after a toxic has closed its
// output, the stages before it block, and a stage that delays the end outlives the proxy.
func toxiproxyLeaks() []goleak.Option {
	const module = "github.com/Shopify/toxiproxy/v2"
	return []goleak.Option{
		goleak.IgnoreAnyFunction(module + ".(*ToxicLink).read"),
		goleak.IgnoreAnyFunction(module + ".(*ToxicLink).write"),
		goleak.IgnoreAnyFunction(module + "/toxics.(*ToxicStub).Run"),
	}
}

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

// toxic is what toxiproxy calls one: a type, the direction that it is in, and its
// attributes as JSON.
type toxic struct {
	kind, stream, attributes string
	toxicity                 int // 0: it does nothing
}

// down spoils answers.
func down(kind, attributes string) toxic { return toxic{kind, "downstream", attributes, 1} }

// up spoils requests.
func up(kind, attributes string) toxic { return toxic{kind, "upstream", attributes, 1} }

// resetting makes the end of a connection a reset, whatever ends it: toxiproxy
// sets a connection up for that when it sees this toxic, active or not.
var resetting = toxic{kind: "reset_peer", stream: "downstream", attributes: "{}"}

// spoilt is a service behind toxiproxy, and a client before it.
type spoilt struct {
	*service
	*caller
	proxy *toxiproxy.Proxy
}

// behindToxics lets the first n connections of a client pass through toxics; all
// later ones go straight to the service. With n 0 all of them pass.
func behindToxics(t *testing.T, s *service, n int64, toxics []toxic, opts ...agento.Option) *spoilt {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", s.address)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	x := &spoilt{service: s, proxy: proxy}
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

// add adds a toxic, to the connections that are open as well.
func (x *spoilt) add(t *testing.T, one toxic) {
	t.Helper()
	text := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": %s, "toxicity": %d}`,
		one.kind, one.stream, one.attributes, one.toxicity)
	_, err := x.proxy.Toxics.AddToxicJson(strings.NewReader(text))
	require.NoError(t, err)
}

// toxiproxyLeaks are goroutines that toxiproxy itself leaves behind: once a toxic
// has closed its output, nobody takes what the stages before it still pass on, and
// one that holds an end back does so when the proxy has stopped, too.
func toxiproxyLeaks() []goleak.Option {
	const module = "github.com/Shopify/toxiproxy/v2"
	return []goleak.Option{
		goleak.IgnoreAnyFunction(module + ".(*ToxicLink).read"),
		goleak.IgnoreAnyFunction(module + ".(*ToxicLink).write"),
		goleak.IgnoreAnyFunction(module + "/toxics.(*ToxicStub).Run"),
	}
}

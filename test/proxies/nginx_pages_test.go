package proxies

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

const nginxPages = "nginx: its own responses"

// shortTimeout is a site with a timeout of two seconds.
var shortTimeout = site{location: "proxy_read_timeout 2s;"}

func pageFaults() []fault {
	return append(downFaults(), append(brokenFaults(), silentFaults()...)...)
}

// downFaults are the faults of a service that is down: nginx responds with a 502 page.
func downFaults() []fault {
	down := func(t *testing.T) (*service, *caller) {
		s := startService(t)
		c := behindNginx(t, s, site{})
		s.stop()
		return s, c
	}
	return []fault{
		{nginxPages, "502, the service is down; a read", "ErrInternal with an excerpt of the page, after all attempts", func(t *testing.T) {
			s, c := down(t)
			e := requireFailure(t, c.get(s.agent), http.StatusBadGateway, 2, agento.ErrInternal)
			require.Contains(t, e.Message, "502 Bad Gateway")
			require.Empty(t, e.RequestID)
		}},
		{nginxPages, "502, the service is down; POST", "ErrInternal and ErrOutcomeUnknown, sent once; nothing was written", func(t *testing.T) {
			s, c := down(t)
			err := c.create("Bot")
			requireFailure(t, err, http.StatusBadGateway, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Zero(t, s.named("Bot"))
		}},
		{nginxPages, "502, the service is down; a message", "ErrInternal and ErrOutcomeUnknown, sent once; nothing was received", func(t *testing.T) {
			s, c := down(t)
			_, err := c.Chat.Ask(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
			requireFailure(t, err, http.StatusBadGateway, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Zero(t, s.deliveries(hello))
		}},
		{nginxPages, "502, the service is down; a log is opened", "ErrInternal after all attempts", func(t *testing.T) {
			s, c := down(t)
			_, err := c.Logs.Stream(c.ctx, s.agent, nil)
			requireFailure(t, err, http.StatusBadGateway, 2, agento.ErrInternal)
		}},
	}
}

// brokenFaults are the faults of a service that closes the connection during a call.
func brokenFaults() []fault {
	broken := func(t *testing.T, operation string, f agentotest.Fault) (*service, *caller) {
		s := startService(t)
		s.Next(operation, 1, f)
		return s, behindNginx(t, s, site{})
	}
	return []fault{
		{nginxPages, "502, the service closes the connection; a read", "success at the second attempt", func(t *testing.T) {
			s, c := broken(t, "Agents.Get", agentotest.Drop())
			require.NoError(t, c.get(s.agent))
			require.Equal(t, 1, c.answered(http.StatusBadGateway))
		}},
		{nginxPages, "502, the service applies it and closes the connection; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			s, c := broken(t, "Agents.Create", agentotest.Drop().AfterCommit())
			err := c.create("Bot")
			requireFailure(t, err, http.StatusBadGateway, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Equal(t, 1, s.named("Bot"))
		}},
		{nginxPages, "502, the service applies it and closes the connection; PATCH", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			s, c := broken(t, "Agents.Update", agentotest.Drop().AfterCommit())
			_, err := c.Agents.Update(c.ctx, s.agent, agento.UpdateAgentParams{Name: agento.Set("Renamed")})
			requireFailure(t, err, http.StatusBadGateway, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Equal(t, 1, s.named("Renamed"))
			require.Len(t, s.RequestsTo("Agents.Update"), 1)
		}},
		{nginxPages, "502, the service applies it and closes the connection; PUT of a document", "success: what was written is read back", func(t *testing.T) {
			s, c := broken(t, "Account.UpdatePersonality", agentotest.Drop().AfterCommit())
			target := agento.ForAgent(s.agent)
			old, err := c.Account.Personality(c.ctx, target)
			require.NoError(t, err)
			_, err = c.Account.UpdatePersonality(c.ctx, target, agento.UpdateDocumentParams{Content: "Be kind.", Version: old.Version})
			require.NoError(t, err)
			require.Equal(t, "Be kind.", s.Agent(s.agent).Soul.Content)
		}},
		{nginxPages, "502, the service applies it and closes the connection; an edit that adds a line", "success; the line is there once", func(t *testing.T) {
			s, c := broken(t, "Account.UpdatePersonality", agentotest.Drop().AfterCommit())
			add := func(old string) (string, error) { return old + "\none line", nil }
			_, err := c.Account.EditPersonality(c.ctx, agento.ForAgent(s.agent), add)
			require.NoError(t, err)
			require.Equal(t, 1, strings.Count(s.Agent(s.agent).Soul.Content, "one line"))
		}},
		{nginxPages, "502, the service applies it and closes the connection; DELETE", "success: it is retried", func(t *testing.T) {
			s, c := broken(t, "Agents.Delete", agentotest.Drop().AfterCommit())
			require.NoError(t, c.Agents.Delete(c.ctx, s.agent))
			require.Zero(t, s.named("Support"))
		}},
		{nginxPages, "a truncated response; a read", "success at the second attempt", func(t *testing.T) {
			s, c := broken(t, "Agents.Get", agentotest.Cut(20))
			require.NoError(t, c.get(s.agent))
			require.Len(t, s.RequestsTo("Agents.Get"), 2)
		}},
		{nginxPages, "a truncated response; POST", "ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			s, c := broken(t, "Agents.Create", agentotest.Cut(20))
			err := c.create("Bot")
			require.ErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.Equal(t, 1, s.named("Bot"))
		}},
	}
}

// silentFaults are the faults of a silent service: nginx responds with a 504 page.
func silentFaults() []fault {
	silent := func(t *testing.T, operation string, n int, f agentotest.Fault) (*service, *caller) {
		s := startService(t)
		s.Next(operation, n, f)
		return s, behindNginx(t, s, shortTimeout)
	}
	return []fault{
		{nginxPages, "504, the service is silent; a read", "ErrInternal with an excerpt of the page, after all attempts", func(t *testing.T) {
			s, c := silent(t, "Agents.Get", 2, agentotest.Hang())
			e := requireFailure(t, c.get(s.agent), http.StatusGatewayTimeout, 2, agento.ErrInternal)
			require.Contains(t, e.Message, "504 Gateway Time-out")
		}},
		{nginxPages, "504, the service is silent once; a read", "success at the second attempt", func(t *testing.T) {
			s, c := silent(t, "Agents.Get", 1, agentotest.Hang())
			require.NoError(t, c.get(s.agent))
			require.Equal(t, 1, c.answered(http.StatusGatewayTimeout))
		}},
		{nginxPages, "504, the service applies it and is silent; POST", "ErrInternal and ErrOutcomeUnknown, sent once; it was written once", func(t *testing.T) {
			s, c := silent(t, "Agents.Create", 1, agentotest.Hang().AfterCommit())
			err := c.create("Bot")
			requireFailure(t, err, http.StatusGatewayTimeout, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Equal(t, 1, s.named("Bot"))
		}},
		{nginxPages, "504, the service is silent; POST", "ErrInternal and ErrOutcomeUnknown, sent once; nothing was written", func(t *testing.T) {
			s, c := silent(t, "Agents.Create", 1, agentotest.Hang())
			err := c.create("Bot")
			requireFailure(t, err, http.StatusGatewayTimeout, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Zero(t, s.named("Bot"))
		}},
		{nginxPages, "504, the agent is too slow; a message", "ErrInternal and ErrOutcomeUnknown; it is not sent twice", func(t *testing.T) {
			s, c := silent(t, "Chat.Send", 1, agentotest.Hang().AfterCommit())
			_, err := c.Chat.Ask(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
			requireFailure(t, err, http.StatusGatewayTimeout, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			require.Equal(t, 1, s.deliveries(hello))
		}},
	}
}

// limitFaults are the faults caused by nginx's own limits.
func limitFaults() []fault {
	refuses := func(size int, https bool) func(t *testing.T) {
		return func(t *testing.T) {
			s := startService(t)
			limited := site{location: "client_max_body_size 1k;"}
			c := (*caller)(nil)
			if https {
				c = behindTLS(t, s, limited)
			} else {
				c = behindNginx(t, s, limited)
			}
			_, err := c.Agents.Create(c.ctx, newAgent("Bot", strings.Repeat("kind ", size/5)))
			e := requireFailure(t, err, http.StatusRequestEntityTooLarge, 1)
			require.Contains(t, e.Message, "413 Request Entity Too Large")
			require.NotErrorIs(t, err, agento.ErrOutcomeUnknown)
			require.Empty(t, s.Requests())
		}
	}
	return []fault{
		{nginxPages, "413, a body of 4 KiB is above its limit", "an Error with the status, sent once; the outcome is known", refuses(4<<10, false)},
		{nginxPages, "413, a body of 4 MiB is above its limit", "an Error with the status, sent once; the outcome is known", refuses(4<<20, false)},
		{nginxPages, "413, a body of 4 MiB over HTTP/2", "an Error with the status, sent once; the outcome is known", refuses(4<<20, true)},
		{nginxPages, "429, nginx's rate limit; POST", "success as soon as the limit allows; it was written once", limitedCreate},
		{nginxPages, "503, nginx's rate limit; POST", "ErrInternal and ErrOutcomeUnknown, because a 503 does not show its origin; nothing was written", func(t *testing.T) {
			s := startService(t)
			c := behindNginx(t, s, oneAMinute)
			require.NoError(t, c.get(s.agent))
			err := c.create("Bot")
			requireFailure(t, err, http.StatusServiceUnavailable, 1, agento.ErrInternal, agento.ErrOutcomeUnknown)
			requireTrue(t, err, s.named("Bot"))
			require.False(t, errors.Is(err, agento.ErrRateLimited))
		}},
	}
}

// oneAMinute allows one request per minute.
var oneAMinute = site{
	http:     "limit_req_zone $host zone=calls:1m rate=1r/m;",
	location: "limit_req zone=calls;",
}

func limitedCreate(t *testing.T) {
	s := startService(t)
	limited := oneAMinute
	limited.http += "limit_req_status 429;"
	n := startNginx(t, s.upstream(), limited)
	c := newCaller(t, s.Key(), "http://localhost", n.dial, agento.WithMaxRetries(8))
	require.NoError(t, c.get(s.agent))
	created := make(chan error, 1)
	go func() { created <- c.create("Bot") }()
	require.True(t, waitFor(func() bool { return c.answered(http.StatusTooManyRequests) > 0 }))
	require.Zero(t, s.named("Bot"))
	n.reload(t, site{})
	err := <-created
	require.NoError(t, err)
	requireTrue(t, err, s.named("Bot"))
}

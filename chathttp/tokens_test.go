package chathttp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// refusedToken asserts that a visitor's token is rejected before any call.
func refusedToken(w *widget, visitor, token string, header ...string) {
	w.T.Helper()
	before := w.service.calls()
	p := w.say(visitor, token, header...)
	require.Equal(w.T, 403, p.status, "%q: %s", token, p.body)
	require.Equal(w.T, "session_refused", p.code)
	require.Empty(w.T, p.token)
	require.Equal(w.T, before, w.service.calls())
}

func unlimited(c *chathttp.Config) {
	c.VisitorLimit.PerMinute, c.TotalLimit.PerMinute = 100_000, 100_000
}

func TestTokenOfAnotherVisitor(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		a := w.say("A", "").token
		refusedToken(w, "B", a)
		refusedToken(w, "A", a, "X-Agent", "a2")
		require.Equal(t, 200, w.say("A", a).status)
		require.Equal(t, []string{"s1", "s1"}, w.service.sentTo(), "what B sent went nowhere")
	})
}

// TestTokenAltered checks that only the exact token is accepted, even if another
// text decodes to the same bytes.
func TestTokenAltered(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), unlimited, func(w *widget) {
		token := w.say("pia", "").token
		for i := range len(token) {
			for _, c := range []string{"A", "Q", "1", "_", ".", "=", "\n", "é", ""} {
				if altered := token[:i] + c + token[i+1:]; altered != token {
					refusedToken(w, "pia", altered)
				}
			}
			refusedToken(w, "pia", token[:i]+"\n"+token[i:])
			if i > 0 {
				refusedToken(w, "pia", token[:i])
			}
		}
		parts := strings.Split(token, ".")
		require.Len(t, parts, 4)
		other := base64.RawURLEncoding.EncodeToString([]byte("s2"))
		for _, altered := range []string{
			strings.Join([]string{parts[0], parts[1], other, parts[3]}, "."),
			strings.Join([]string{parts[0], "99999999999", parts[2], parts[3]}, "."),
			strings.Join([]string{parts[0], "0" + parts[1], parts[2], parts[3]}, "."),
			strings.Join([]string{parts[0], "+" + parts[1], parts[2], parts[3]}, "."),
			strings.Join([]string{"k2", parts[1], parts[2], parts[3]}, "."),
			parts[0] + "." + parts[1] + "." + parts[2] + ".", "...", "....", " ", token + ".", token + token, "null",
		} {
			refusedToken(w, "pia", altered)
		}
		require.Equal(t, 200, w.say("pia", token).status)
	})
}

// TestTokenFieldsAreSeparate checks that bytes cannot move between the visitor and
// the session.
func TestTokenFieldsAreSeparate(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		token := w.say("ab", "").token
		parts := strings.Split(token, ".")
		for _, shifted := range []struct{ agent, visitor, session string }{
			{"a1", "a", "bs1"}, {"a1", "abs", "1"}, {"a", "1ab", "s1"}, {"a1a", "b", "s1"}, {"a1ab", "s1", ""},
		} {
			parts[2] = base64.RawURLEncoding.EncodeToString([]byte(shifted.session))
			refusedToken(w, shifted.visitor, strings.Join(parts, "."), "X-Agent", shifted.agent)
		}
	})
}

func TestTokenLifetime(t *testing.T) {
	for name, c := range map[string]struct{ set, want time.Duration }{"default": {0, 24 * time.Hour}, "set": {time.Hour, time.Hour}} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), func(config *chathttp.Config) { config.TokenLifetime = c.set }, func(w *widget) {
				first := w.say("pia", "").token
				time.Sleep(c.want - time.Second)
				second := w.say("pia", first).token
				time.Sleep(time.Second)
				refusedToken(w, "pia", first)
				require.Equal(t, "s1", w.service.sentTo()[1])
				time.Sleep(c.want - 2*time.Second)
				require.Equal(t, 200, w.say("pia", second).status, "each turn issues a new token")
			})
		})
	}
}

// TestTokenRotation rotates keys on three replicas: the new key is accepted before
// it signs, and the old one after it no longer signs.
func TestTokenRotation(t *testing.T) {
	oldKey := chathttp.NewTokenKey("k1", widgetSecret)
	newKey := chathttp.NewTokenKey("k2", []byte("another made-up secret, 32 bytes"))
	impostor := chathttp.NewTokenKey("k1", []byte("another made-up secret, 32 bytes"))
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		use := func(keys ...chathttp.TokenKey) {
			config := widgetConfig()
			config.TokenKeys = keys
			handler, err := chathttp.NewHandler(w.Client, config)
			require.NoError(t, err)
			w.swap(handler)
		}
		first := w.say("pia", "").token
		use(oldKey, newKey)
		second := w.say("pia", first).token
		use(newKey, oldKey)
		third := w.say("pia", second).token
		require.True(t, strings.HasPrefix(first, "k1.") && strings.HasPrefix(second, "k1.") && strings.HasPrefix(third, "k2."))
		use(newKey)
		refusedToken(w, "pia", second)
		require.Equal(t, 200, w.say("pia", third).status)
		use(impostor)
		refusedToken(w, "pia", first)
		use(oldKey)
		refusedToken(w, "pia", third)
	})
}

// TestTokenKeysFunc replaces keys while the handler runs.
func TestTokenKeysFunc(t *testing.T) {
	oldKey := chathttp.NewTokenKey("k1", widgetSecret)
	newKey := chathttp.NewTokenKey("k2", []byte("another made-up secret, 32 bytes"))
	var keys []chathttp.TokenKey
	var failure error
	configure := func(c *chathttp.Config) {
		c.TokenKeys = nil
		c.TokenKeysFunc = func(context.Context) ([]chathttp.TokenKey, error) { return keys, failure }
		turn := c.Turn
		c.Turn = func(r *http.Request, v chathttp.Visit) (chathttp.Turn, error) {
			chosen, err := turn(r, v)
			chosen.SessionID = r.Header.Get("X-Session")
			return chosen, err
		}
	}
	inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
		keys = []chathttp.TokenKey{oldKey}
		first := w.say("pia", "").token
		keys = []chathttp.TokenKey{newKey, oldKey}
		second := w.say("pia", first).token
		require.True(t, strings.HasPrefix(first, "k1.") && strings.HasPrefix(second, "k2."))
		keys = []chathttp.TokenKey{newKey}
		refusedToken(w, "pia", first)
		require.Equal(t, 200, w.say("pia", second).status)

		for name, c := range map[string]struct {
			keys   []chathttp.TokenKey
			err    error
			logged string
		}{
			"error":       {nil, errors.New("the vault is sealed"), "TokenKeysFunc: the vault is sealed"},
			"no keys":     {nil, nil, "TokenKeys are empty"},
			"invalid key": {make([]chathttp.TokenKey, 1), nil, "NewTokenKey"},
		} {
			keys, failure = c.keys, c.err
			before := w.service.calls()
			p := w.say("pia", second)
			require.Equal(t, 500, p.status, name)
			require.Equal(t, "unavailable", p.code)
			require.Equal(t, before, w.service.calls())
			require.Contains(t, w.log.String(), c.logged)
			require.Equal(t, 200, w.say("pia", "", "X-Session", "own").status, "a session of the backend needs no token")
		}
	})
}

// TestTokenSecretIsCopied changes the caller's slice afterwards.
func TestTokenSecretIsCopied(t *testing.T) {
	secret := []byte(strings.Repeat("s", 32))
	key := chathttp.NewTokenKey("k1", secret)
	inWidget(t, harness.Protocol{}, answering(hi, done), func(c *chathttp.Config) { c.TokenKeys[0] = key }, func(w *widget) {
		token := w.say("pia", "").token
		clear(secret)
		require.Equal(t, 200, w.say("pia", token).status)
	})
}

// TestSessionIDTooLong checks that a token that leaves no room for a message fails
// when it is issued, not with the next message.
func TestSessionIDTooLong(t *testing.T) {
	for _, c := range []struct {
		length, maxBody int64
		accepted        bool
	}{
		{20_000, 0, true}, {30_000, 0, false}, {60_000, 0, false}, {1_000, 2_000, false}, {60_000, 1 << 20, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			configure := func(config *chathttp.Config) { config.MaxBody = c.maxBody }
			inWidget(t, harness.Protocol{}, answering(hi, done), configure, func(w *widget) {
				w.service.longID.Store(c.length)
				p := w.say("pia", "")
				if c.accepted {
					require.Equal(t, 200, p.status)
					require.Equal(t, 200, w.say("pia", p.token).status)
					return
				}
				require.Equal(t, 500, p.status)
				require.Equal(t, "unavailable", p.code)
				require.Empty(t, p.token)
				require.Equal(t, [2]int{1, 0}, w.service.calls())
				require.Contains(t, w.log.String(), "MaxBody")
			})
		})
	}
}

// TestSessionDeleted checks that the response is that to a rejected token.
func TestSessionDeleted(t *testing.T) {
	gone := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"error":{"code":"session_not_found","message":"no session s1"}}`))
	}
	inWidget(t, harness.Protocol{}, gone, nil, func(w *widget) {
		p := w.say("pia", "")
		require.Equal(t, 403, p.status)
		require.Equal(t, "session_refused", p.code)
		require.NotContains(t, p.body, "s1\"")
	})
	own := func(c *chathttp.Config) {
		c.Turn = func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: "a1", SessionID: "own"}, nil
		}
	}
	inWidget(t, harness.Protocol{}, gone, own, func(w *widget) {
		require.Equal(t, 502, w.say("pia", "").status, "the page cannot fix it")
	})
}

package agento

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
)

var sessionIDName = jsonname.Of[ChatEvent]("SessionID")

var chatEvents = []string{
	`{"type":"text","content":"Hi! "}`,
	`{"type":"text","content":""}`,
	`{"type":"text","content":"Grüße 🙂"}`,
	`{"type":"text","content":"a\nb"}`,
	"{\"type\":\"text\",\"content\":\"a\nb\"}",
	"{\"type\":\"text\",\"content\":\"\xff\"}",
	"{\"type\":\"text\",\"content\":\"\x7f\"}",
	`{"type":"text","content":"say \"hi\""}`,
	`{"type":"text","content":"\x"}`,
	`{"type":"text","content":"\u00e4\ud83d\ude42\ud800"}`,
	`{"type":"text","content":"a"b"}`,
	`{"type":"text","content":"a","content":"b"}`,
	`{"type":"text","content":"a","` + sessionIDName + `":"s"}`,
	`{"type":"text","content":"a"},{"type":"text","content":"b"}`,
	`{"type":"text","content":"a"} `,
	` {"type":"text","content":"a"}`,
	`{"TYPE":"text","Content":"a"}`,
	`{"type":"text","content":null}`,
	`{"type":"text","content":5}`,
	`{"type":"text"}`,
	`{"type":"text","content":"}`,
	`{"type":"text","content":"\"}`,
	`{"type":"done","` + sessionIDName + `":"agent:1:s"}`,
	`{"type":"error","error":{"code":"c","message":"m"}}`,
	`{"type":"error","message":"m"}`,
	`{"type":"tool","content":{"a":1}}`,
	`{"type":5,"content":"a"}`,
	`null`, `[]`, `"text"`, ``, `{`,
}

// decodeAlone decodes an event as the only one of an answer.
func decodeAlone(raw string) (ChatEvent, *EventError) {
	d := &chatDecoder{opened: &opened{call: &call{}, outcome: &transport.Outcome{}}}
	got := d.Decode(&sse.Event{Data: []byte(raw)})
	var failure *Error
	if !errors.As(got.Err, &failure) {
		return got.Value, nil
	}
	return got.Value, &EventError{Code: failure.Code, Message: failure.Message}
}

func TestPlainText(t *testing.T) {
	taken := map[string]string{
		chatEvents[0]: "Hi! ", chatEvents[1]: "", chatEvents[2]: "Grüße 🙂", chatEvents[3]: `a\nb`,
		"{\"type\":\"text\",\"content\":\"\x7f\"}":             "\x7f",
		"{\"type\":\"text\",\"content\":\"\xff\"}":             "\xff",
		`{"type":"text","content":"\x"}`:                       `\x`,
		`{"type":"text","content":"say \"hi\""}`:               `say \"hi\"`,
		`{"type":"text","content":"\u00e4\ud83d\ude42\ud800"}`: `\u00e4\ud83d\ude42\ud800`,
	}
	for _, raw := range chatEvents {
		got, _, ok := wire.TextEvent(raw)
		want, ours := taken[raw]
		require.Equal(t, ours, ok, "%q", raw)
		if ok {
			require.Equal(t, want, got, "%q", raw)
		}
	}
}

func TestChatEventFieldNamesCaseSensitive(t *testing.T) {
	for raw, want := range map[string]ChatEvent{
		`{"type":"text","content":"a","Type":"done"}`:                 {Type: ChatText, Content: "a"},
		`{"type":"text","content":"a","CONTENT":"b","SessionID":"s"}`: {Type: ChatText, Content: "a"},
		`{"TYPE":"text","Content":"a"}`:                               {},
		`{"type":"tool","Error":{"code":"c"}}`:                        {Type: ChatTool},
		`{"type":"tool","error":{"Code":"c","Message":"m"}}`:          {Type: ChatTool, Error: &EventError{Message: `{"Code":"c","Message":"m"}`}},
	} {
		got, failure := decodeAlone(raw)
		require.Nil(t, failure, raw)
		want.raw = raw
		require.Equal(t, want, got)
	}
}

// The last of several fields with one name counts, and null is not an error.
func TestChatEventDuplicateAndNullFields(t *testing.T) {
	for raw, want := range map[string]ChatEvent{
		`{"type":"text","content":"a","type":"done","content":"b"}`: {Type: ChatDone},
		`{"type":"text","content":"a","content":"b"}`:               {Type: ChatText, Content: "b"},
		`{"type":null,"content":"a"}`:                               {},
		`{"type":5,"` + sessionIDName + `":"s"}`:                    {SessionID: "s"},
		`{"type":"tool","error":null}`:                              {Type: ChatTool},
		`{"type":"tool","error":"x"}`:                               {Type: ChatTool, Error: &EventError{Message: "x"}},
		`null`:                                                      {}, `[]`: {}, `"text"`: {}, `{}`: {}, ``: {},
	} {
		got, failure := decodeAlone(raw)
		require.Nil(t, failure, raw)
		want.raw = raw
		require.Equal(t, want, got)
	}
}

// The error of the service is found in each of its expected forms.
func TestChatEventErrors(t *testing.T) {
	for raw, want := range map[string]EventError{
		`{"type":"error","error":{"code":"c","message":"m","Code":1},"Error":1}`: {Code: "c", Message: "m"},
		`{"type":"error","message":"m"}`:                                         {Message: "m"},
		`{"type":"error","code":"c","message":"m"}`:                              {Code: "c", Message: "m"},
		`{"type":"error","error":null}`:                                          {Message: `{"type":"error","error":null}`},
		`{"type":"error","error":"x"}`:                                           {Message: "x"},
		`{"type":"error","error":{"code":5,"message":["m"]}}`:                    {Code: "5", Message: `["m"]`},
		`{"error":{"code":"c","message":"m"}}`:                                   {Code: "c", Message: "m"},
		`{"error":"x"}`:                                                          {Message: "x"},
		`{"type":"done","error":{"code":"c","message":"m"}}`:                     {Code: "c", Message: "m"},
	} {
		_, failure := decodeAlone(raw)
		require.NotNil(t, failure, raw)
		require.Equal(t, want, *failure, raw)
	}
}

// A text event without a text is an error that quotes the event.
func TestChatEventTextMissing(t *testing.T) {
	for _, raw := range []string{
		`{"type":"text"}`, `{"type":"text","content":null}`, `{"type":"text","content":5}`, `{"type":"text","Content":"b"}`,
		`{"type":"text","delta":"a"}`, `{"type":"text","text":"a"}`, `{"type":"text","content":{"text":"a"}}`,
	} {
		_, failure := decodeAlone(raw)
		require.NotNil(t, failure, raw)
		require.Contains(t, failure.Message, raw)
	}
}

// FuzzChatEvent compares the fast path with encoding/json.
func FuzzChatEvent(f *testing.F) {
	for _, raw := range chatEvents {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, failure := decodeAlone(raw)
		if failure != nil || got.Type != ChatText {
			return
		}
		var want map[string]any
		require.NoError(t, json.Unmarshal([]byte(raw), &want))
		text := want["content"].(string)
		if !strings.HasSuffix(text, "\ufffd") { // an incomplete character is kept for the next event
			require.Equal(t, text, got.Content)
		}
		require.Equal(t, raw, string(got.Raw()))
	})
}

// FuzzChatTextSplit checks that a text arrives unchanged wherever it is split into
// events.
func FuzzChatTextSplit(f *testing.F) {
	f.Add("Hi 😀!", 3, false)
	f.Add("Grüße \\ud83d", 9, true)
	f.Fuzz(func(t *testing.T, text string, at int, escape bool) {
		text = strings.ToValidUTF8(text, "?")
		var literal string
		if escape {
			for _, unit := range utf16.Encode([]rune(text)) {
				literal += fmt.Sprintf(`\u%04x`, unit)
			}
			at = max(0, min(at, len(literal)/6)) * 6
		} else {
			encoded, err := json.Marshal(text)
			require.NoError(t, err)
			literal = string(encoded[1 : len(encoded)-1])
			at = max(0, min(at, len(literal)))
			if before := literal[:at]; strings.Contains(before, `\`) {
				at = strings.Index(before, `\`) // an escape is not split
			}
		}
		d := &chatDecoder{}
		var got string
		for _, part := range []string{literal[:at], literal[at:]} {
			got += d.Decode(&sse.Event{Data: []byte(`{"type":"text","content":"` + part + `"}`)}).Value.Content
		}
		require.Equal(t, text, got)
	})
}

// FuzzLogEntry checks that any line is an entry and keeps its raw form.
func FuzzLogEntry(f *testing.F) {
	for _, raw := range []string{`{"line":"INFO a"}`, `"x"`, `plain`, `{"timestamp":"2026-01-15T10:30:00.000Z","level":"WARN","message":"m"}`, `[2026-01-15T10:30:00Z] ERROR: x`, ``} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		e := readLogEntry([]byte(raw))
		require.Equal(t, raw, string(e.Raw()))
		require.False(t, e.Reconnected)
		if raw != "" && !json.Valid([]byte(raw)) {
			require.NotEmpty(t, e.Line)
		}
	})
}

func TestLogEntryBlankLine(t *testing.T) {
	for _, raw := range []string{``, `""`, `{"line":""}`, `{"line":"","level":"INFO"}`} {
		require.Empty(t, readLogEntry([]byte(raw)).Line, raw)
	}
}

func TestLogEntryLeadingSpace(t *testing.T) {
	require.Equal(t, "ready", readLogEntry([]byte(` {"line":"ready"}`)).Line)
}

// FuzzErrorEnvelope checks that the error for any response is one line of limited
// length, and that only a code for a missing resource is ErrNotFound.
func FuzzErrorEnvelope(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"agent_not_found","message":"none"}}`, `{"error":{"code":5,"message":["a"]}}`, `{"error":"x"}`,
		`{"error":null}`, `{"error":{"message":"a\u0000\n\u001b[2J"}}`, `<html>`, ``, `[]`, `{"data":{}}`, "\xff\xfe",
	} {
		f.Add(404, []byte(body))
		f.Add(502, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := callError(CallInfo{Method: "GET", Path: "/v1/agents/a"}, &transport.Outcome{StatusCode: max(300, status%1000), Body: body, Attempts: 1})
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Less(t, len(e.Error()), 4*errs.MaxLine+500)
		require.NotRegexp(t, `[\x00-\x1f\x7f]`, e.Error())
		if e.Is(ErrNotFound) {
			require.True(t, strings.HasSuffix(string(e.Code), notFoundCodeSuffix))
		}
	})
}

// FuzzPages checks that an iteration ends for any totals and pages, and yields no row
// twice.
func FuzzPages(f *testing.F) {
	f.Add([]byte{3, 3, 0}, 9, true)
	f.Add([]byte{3, 3, 3}, 9, false)
	f.Add([]byte{0}, 5, true)
	f.Add([]byte{1, 1, 1, 1}, 0, true)
	f.Fuzz(func(t *testing.T, sizes []byte, total int, heedsOffset bool) {
		sizes = sizes[:min(len(sizes), 100)] // longer inputs only take more time
		fetches := 0
		fetch := func(offset int) (*Page[string], error) {
			fetches++
			page := &Page[string]{Pagination: Pagination{Total: total}}
			if fetches > len(sizes) {
				return page, nil
			}
			for i := range int(sizes[fetches-1]) {
				if heedsOffset {
					i += offset
				}
				page.Data = append(page.Data, fmt.Sprint(i))
			}
			return page, nil
		}
		seen := map[string]int{}
		for row, err := range pages(0, func(s *string) string { return *s }, fetch) {
			if err != nil {
				require.ErrorIs(t, err, ErrListIncomplete)
				continue
			}
			seen[row]++
		}
		require.LessOrEqual(t, fetches, len(sizes)+1)
		if heedsOffset {
			for row, n := range seen {
				require.Equal(t, 1, n, "row %s", row)
			}
		}
	})
}

// The transport of a client without WithHTTPClient names a proxy that refuses.
func TestDefaultTransportNamesProxy(t *testing.T) {
	tr := transport.Default()
	tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"})
	tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			_, _ = http.ReadRequest(bufio.NewReader(server))
			_, _ = io.WriteString(server, "HTTP/1.1 403 Blocked by policy\r\n\r\n")
		}()
		return client, nil
	}
	client, err := New("ak_live_0123456789abcdef0123456789abcdef", WithHTTPClient(&http.Client{Transport: tr}))
	require.NoError(t, err)
	err = client.Agents.Restart(t.Context(), "a1")
	require.ErrorContains(t, err, "proxy.example:3128 refused to connect to the service: 403 Blocked by policy")
	require.NotErrorIs(t, err, ErrOutcomeUnknown)
	require.NotContains(t, err.Error(), "attempts")
}

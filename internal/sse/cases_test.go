package sse

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type testCase struct {
	name  string
	input string
	limit int // noLimit if zero
	want  outcome
}

// data returns events without type and ID.
func data(values ...string) (events []event) {
	for _, value := range values {
		events = append(events, event{data: value})
	}
	return events
}

func retry(d time.Duration) outcome { return outcome{memory: memory{retry: d, hasRetry: true}} }

func lastID(id string, events ...event) outcome {
	return outcome{events: events, memory: memory{id: id}}
}

var long = strings.Repeat("0123456789abcdef", 100<<10/16)

var cases = []testCase{
	// Line ends.
	{name: "LF", input: "data: a\n\ndata: b\n\n", want: outcome{events: data("a", "b")}},
	{name: "CRLF", input: "data: a\r\n\r\ndata: b\r\n\r\n", want: outcome{events: data("a", "b")}},
	{name: "CR", input: "data: a\r\rdata: b\r\r", want: outcome{events: data("a", "b")}},
	{name: "mixed line ends", input: "data: a\rdata: b\ndata: c\r\n\ndata: d\n\r\n", want: outcome{events: data("a\nb\nc", "d")}},
	{name: "blank line LF LF", input: "data: a\n\n", want: outcome{events: data("a")}},
	{name: "blank line LF CR", input: "data: a\n\r", want: outcome{events: data("a")}},
	{name: "blank line LF CRLF", input: "data: a\n\r\n", want: outcome{events: data("a")}},
	{name: "blank line CR CR", input: "data: a\r\r", want: outcome{events: data("a")}},
	{name: "blank line CR CRLF", input: "data: a\r\r\n", want: outcome{events: data("a")}},
	{name: "blank line CRLF LF", input: "data: a\r\n\n", want: outcome{events: data("a")}},
	{name: "blank line CRLF CR", input: "data: a\r\n\r", want: outcome{events: data("a")}},
	{name: "blank line CRLF CRLF", input: "data: a\r\n\r\n", want: outcome{events: data("a")}},
	{name: "CR LF is one line end", input: "data: a\r\ndata: b\r\n\r\n", want: outcome{events: data("a\nb")}},
	{name: "CR as the last byte", input: "data: a\n\ndata: b\r\r", want: outcome{events: data("a", "b")}},
	{name: "the LF after a CR that delivered", input: "data: a\r\r\ndata: b\n\n", want: outcome{events: data("a", "b")}},
	{name: "blank lines before, between and after", input: "\n\r\n\rdata: a\n\n\n\r\n\rdata: b\n\n\n\n", want: outcome{events: data("a", "b")}},
	{name: "other white space ends no line", input: "data: a\vb\fc\u0085d\u2028e\u2029f\n\n", want: outcome{events: data("a\vb\fc\u0085d\u2028e\u2029f")}},
	{name: "empty stream", input: "", want: outcome{}},

	// BOM.
	{name: "BOM", input: "\uFEFFdata: a\n\n", want: outcome{events: data("a")}},
	{name: "BOM only once", input: "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", want: outcome{events: data("b")}},
	{name: "BOM later on is text", input: "data: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n", want: outcome{events: data("a", "\uFEFFc")}},
	{name: "BOM alone", input: "\uFEFF", want: outcome{}},
	{name: "BOM before a comment", input: "\uFEFF: hello\ndata: a\n\n", want: outcome{events: data("a")}},
	{name: "BOM before a blank line", input: "\uFEFF\r\n\r\ndata: a\n\n", want: outcome{events: data("a")}},
	{name: "half a BOM is text", input: "\xEF\xBBdata: a\ndata: b\n\n", want: outcome{events: data("b")}},
	{name: "end within the BOM", input: "\xEF\xBB", want: outcome{pending: true}},

	// Comments.
	{name: "comments between events", input: ": a\ndata: a\n\n:\n: b\r\n\ndata: b\n\n: c\n", want: outcome{events: data("a", "b")}},
	{name: "comments inside an event", input: "data: a\n: x\ndata: b\n:data: c\r: y\rdata: d\n\n", want: outcome{events: data("a\nb\nd")}},
	{name: "200,000 comments", input: "data: a\n" + strings.Repeat(":\n", 200_000) + "data: b\n\n", want: outcome{events: data("a\nb")}},
	{name: "long comment", input: "data: a\n:" + long + "\r\ndata: b\n\n", limit: 1 << 10, want: outcome{events: data("a\nb")}},
	{name: "end in a comment", input: "data: a\n\n: b", want: outcome{events: data("a")}},
	{name: "end in a comment inside an event", input: "data: a\n: b", want: outcome{pending: true}},

	// Data.
	{name: "data without colon", input: "data\n\n", want: outcome{events: data("")}},
	{name: "data without space", input: "data:a\n\n", want: outcome{events: data("a")}},
	{name: "data with one space", input: "data: a\n\n", want: outcome{events: data("a")}},
	{name: "data with two spaces", input: "data:  a\n\n", want: outcome{events: data(" a")}},
	{name: "data with a tab", input: "data:\ta\n\n", want: outcome{events: data("\ta")}},
	{name: "trailing space is kept", input: "data: a \n\n", want: outcome{events: data("a ")}},
	{name: "colons in the value", input: "data:a:b: c\n\ndata::\n\n", want: outcome{events: data("a:b: c", ":")}},
	{name: "several data lines", input: "data: a\ndata: b\ndata: c\n\n", want: outcome{events: data("a\nb\nc")}},
	{name: "empty data", input: "data:\n\ndata: \n\n", want: outcome{events: data("", "")}},
	{name: "two empty data lines", input: "data\ndata:\n\n", want: outcome{events: data("\n")}},
	{name: "empty data lines around", input: "data\ndata: a\ndata\n\n", want: outcome{events: data("\na\n")}},
	{name: "bare data lines after longer ones", input: "data: abcdef\ndata\ndata\ndata:g\n\n", want: outcome{events: data("abcdef\n\n\ng")}},
	{name: "NUL in data", input: "data: a\x00b\n\n", want: outcome{events: data("a\x00b")}},
	{name: "UTF-8", input: "data: Grüße 世界 🌍\n\n", want: outcome{events: data("Grüße 世界 🌍")}},
	{name: "invalid UTF-8 is unchanged", input: "data: \xff\xc3\n\n", want: outcome{events: data("\xff\xc3")}},
	{name: "line of 100 KiB", input: "data: " + long + "\n\ndata: b\n\n", want: outcome{events: data(long, "b")}},

	// Types.
	{name: "type", input: "event: t\ndata: a\n\ndata: b\n\n", want: outcome{events: []event{{typ: "t", data: "a"}, {data: "b"}}}},
	{name: "type after the data", input: "data: a\nevent: t\n\n", want: outcome{events: []event{{typ: "t", data: "a"}}}},
	{name: "the last type counts", input: "event: longer\nevent: t\ndata: a\n\n", want: outcome{events: []event{{typ: "t", data: "a"}}}},
	{name: "empty type", input: "event: t\nevent\ndata: a\n\n", want: outcome{events: data("a")}},
	{name: "no data, no event, and its type is gone", input: "event: t\n\ndata: a\n\n", want: outcome{events: data("a")}},

	// IDs.
	{name: "id stays", input: "id: 1\ndata: a\n\ndata: b\n\n", want: lastID("1", event{id: "1", data: "a", named: true}, event{id: "1", data: "b"})},
	{name: "empty id resets", input: "id: 1\ndata: a\n\nid\ndata: b\n\ndata: c\n\n", want: lastID("", event{id: "1", data: "a", named: true}, event{data: "b", named: true}, event{data: "c"})},
	{name: "id with colon resets", input: "id: 1\ndata: a\n\nid:\ndata: b\n\n", want: lastID("", event{id: "1", data: "a", named: true}, event{data: "b", named: true})},
	{name: "id with NUL is ignored", input: "id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n", want: lastID("1", event{id: "1", data: "a", named: true}, event{id: "1", data: "b"})},
	{name: "id-only block", input: "id: 1\n\ndata: a\n\n", want: lastID("1", event{id: "1", data: "a"})},
	{name: "the last id of a block counts", input: "id: 123\nid: 4\ndata: a\nid: 5\x00\n\n", want: lastID("4", event{id: "4", data: "a", named: true})},
	{name: "id of a lost block does not count", input: "id: 1\n\nid: 2\ndata: a\n", want: outcome{pending: true, memory: memory{id: "1"}}},
	{name: "id reset in a lost block does not count", input: "id: 1\n\nid\n", want: outcome{pending: true, memory: memory{id: "1"}}},
	{name: "id with spaces", input: "id:  a b \n\n", want: lastID(" a b ")},

	// Retry.
	{name: "retry", input: "retry: 1500\n", want: retry(1500 * time.Millisecond)},
	{name: "retry without space", input: "retry:0\n", want: retry(0)},
	{name: "the last valid retry counts", input: "retry: 1\nretry: 0020\nretry: x\n\n", want: retry(20 * time.Millisecond)},
	{name: "retry does not end the block", input: "data: a\nretry: 5\ndata: b\n\n", want: outcome{events: data("a\nb"), memory: memory{retry: 5 * time.Millisecond, hasRetry: true}}},
	{name: "retry at most", input: "retry: 9223372036854\n", want: retry(9223372036854 * time.Millisecond)},
	{name: "retry above that", input: "retry: 9223372036855\n", want: retry(math.MaxInt64)},
	{name: "retry of many digits", input: "retry: " + strings.Repeat("9", 400) + "\n", want: retry(math.MaxInt64)},
	{name: "retry unterminated", input: "retry: 15", want: outcome{pending: true}},
	{name: "invalid retry", input: "retry\nretry:\nretry: \nretry: -1\nretry: +1\nretry: 1.5\nretry: 1e3\nretry:  1\nretry: 1 \nretry: 1ms\nretry: 0x1\nretry: ١\n", want: outcome{}},

	// Other fields.
	{name: "unknown fields", input: "foo: 1\ndata: a\nbar\nd: x\ndat: x\ndataa: x\n\n", want: outcome{events: data("a")}},
	{name: "names are case-sensitive", input: "Data: x\nDATA: y\nID: 1\nEvent: t\nRetry: 1\ndata: a\n\n", want: outcome{events: data("a")}},
	{name: "space belongs to the name", input: " data: x\ndata : y\n\tdata: z\n \ndata: a\n\n", want: outcome{events: data("a")}},
	{name: "block of unknown fields only", input: "foo: 1\n\nfoo: 2\n", want: outcome{}},
	{name: "NUL in a name", input: "data\x00: x\ndata: a\n\n", want: outcome{events: data("a")}},

	// The end of the stream.
	{name: "end after a data line", input: "data: a\n\ndata: b\n", want: outcome{events: data("a"), pending: true}},
	{name: "end after an empty data line", input: "data\n", want: outcome{pending: true}},
	{name: "end after a type", input: "event: t\n", want: outcome{pending: true}},
	{name: "end after an empty type", input: "event\n", want: outcome{pending: true}},
	{name: "end after an id", input: "id: 1\n", want: outcome{pending: true}},
	{name: "end after an ignored id", input: "id: \x00\n", want: outcome{}},
	{name: "end in a line", input: "data: a\n\ndata: b", want: outcome{events: data("a"), pending: true}},
	{name: "end in a name", input: "data: a\n\nd", want: outcome{events: data("a"), pending: true}},
	{name: "end between CR and LF", input: "data: a\r\n\r", want: outcome{events: data("a")}},

	// The limit.
	{name: "line above the limit", input: "data: a\n\ndata: b\n\ndata: " + long + "\n\ndata: c\n\n", limit: 1 << 10, want: outcome{events: data("a", "b"), pending: true, tooLarge: true}},
	{name: "many lines above the limit", input: "data: a\n\n" + strings.Repeat("data: 7 bytes\n", 147) + "\n", limit: 1 << 10, want: outcome{events: data("a"), pending: true, tooLarge: true}},
	{name: "data at the limit", input: "data: 12345678\n\n", limit: 8, want: outcome{events: data("12345678")}},
	{name: "data above the limit", input: "data:123456789\n\n", limit: 8, want: outcome{pending: true, tooLarge: true}},
	{name: "data lines at the limit", input: "data: 123\ndata: 5678\n\n", limit: 8, want: outcome{events: data("123\n5678")}},
	{name: "data lines above the limit", input: "data: 123\ndata: 56789\n\n", limit: 8, want: outcome{pending: true, tooLarge: true}},
	{name: "type counts", input: "event: 1234\ndata: 5678\n\nevent: 1234\ndata: 56789\n\n", limit: 8, want: outcome{events: []event{{typ: "1234", data: "5678"}}, pending: true, tooLarge: true}},
	{name: "id counts", input: "id: 1234\ndata: 5678\n\ndata: 56789\n\n", limit: 8, want: outcome{events: []event{{id: "1234", data: "5678", named: true}}, pending: true, tooLarge: true, memory: memory{id: "1234"}}},
	{name: "empty data lines count", input: strings.Repeat("data\n", 10) + "\n", limit: 8, want: outcome{pending: true, tooLarge: true}},
	{name: "replaced types do not add up", input: strings.Repeat("event: 1234\n", 1000) + "data: 5678\n\n", limit: 8, want: outcome{events: []event{{typ: "1234", data: "5678"}}}},
	{name: "unknown fields do not add up", input: strings.Repeat("foo: bar\n", 1000) + "data: 12345678\n\n", limit: 8, want: outcome{events: data("12345678")}},
	{name: "small events do not add up", input: strings.Repeat("data: 1\n\n", 3), limit: 8, want: outcome{events: data("1", "1", "1")}},
	{name: "unterminated line above the limit", input: "data: " + long, limit: 1 << 10, want: outcome{pending: true, tooLarge: true}},
	{name: "unknown field above the limit", input: long + "\n\ndata: a\n\n", limit: 1 << 10, want: outcome{pending: true, tooLarge: true}},
	{name: "limit zero", input: "\n: c\n\ndata\n\nretry:1\n\ndata: a\n\n", limit: -1, want: outcome{events: data(""), pending: true, tooLarge: true, memory: memory{retry: time.Millisecond, hasRetry: true}}},
}

// TestCases has an explicit expectation for each case. The reference must agree, because
// it is the oracle for other divisions of the input and for fuzzing.
func TestCases(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range cases {
		require.False(t, names[c.name], c.name)
		names[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			limit := c.limit
			switch {
			case limit == 0:
				limit = noLimit
			case limit < 0:
				limit = 0
			}
			require.Equal(t, c.want, decode(t, NewDecoder(limit), c.input, whole))
			requireReference(t, c.input, limit)
		})
	}
}

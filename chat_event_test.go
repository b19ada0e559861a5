package agento

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
	`{"type":"text","content":"a","sessionId":"s"}`,
	`{"type":"text","content":"a"},{"type":"text","content":"b"}`,
	`{"type":"text","content":"a"} `,
	` {"type":"text","content":"a"}`,
	`{"TYPE":"text","Content":"a"}`,
	`{"type":"text","content":null}`,
	`{"type":"text","content":5}`,
	`{"type":"text"}`,
	`{"type":"text","content":"}`,
	`{"type":"text","content":"\"}`,
	`{"type":"done","sessionId":"agent:1:s"}`,
	`{"type":"error","error":{"code":"c","message":"m"}}`,
	`{"type":"error","message":"m"}`,
	`{"type":"tool","content":{"a":1}}`,
	`{"type":5,"content":"a"}`,
	`null`, `[]`, `"text"`, ``, `{`,
}

func TestPlainTextIsTaken(t *testing.T) {
	taken := map[string]string{
		chatEvents[0]: "Hi! ", chatEvents[1]: "", chatEvents[2]: "Grüße 🙂", chatEvents[3]: "a\nb",
		"{\"type\":\"text\",\"content\":\"\x7f\"}":             "\x7f",
		`{"type":"text","content":"say \"hi\""}`:               `say "hi"`,
		`{"type":"text","content":"\u00e4\ud83d\ude42\ud800"}`: "ä🙂\ufffd",
	}
	for _, raw := range chatEvents {
		got, ok := plainText(raw)
		want, ours := taken[raw]
		require.Equal(t, ours, ok, "%q", raw)
		if ok {
			require.Equal(t, want, got, "%q", raw)
		}
	}
}

// Names that differ in case are other names: what the service may mean by them does
// not end an answer, or become its text.
func TestChatEventNamesAreExact(t *testing.T) {
	for raw, want := range map[string]ChatEvent{
		`{"type":"text","content":"a","Type":"done"}`:                            {Type: ChatText, Content: "a"},
		`{"type":"text","Content":"b"}`:                                          {Type: ChatText},
		`{"type":"text","content":"a","CONTENT":"b","SessionID":"s"}`:            {Type: ChatText, Content: "a"},
		`{"TYPE":"text","Content":"a"}`:                                          {},
		`{"type":"tool","Error":{"code":"c"}}`:                                   {Type: ChatTool},
		`{"type":"tool","error":{"Code":"c","Message":"m"}}`:                     {Type: ChatTool},
		`{"type":"error","error":{"code":"c","message":"m","Code":1},"Error":1}`: {Type: ChatError, Error: &EventError{Code: "c", Message: "m"}},
		`{"type":"error","Message":"m"}`:                                         {Type: ChatError, Error: &EventError{}},
	} {
		got, err := decodeChatEvent(raw)
		require.NoError(t, err, raw)
		want.raw = raw
		require.Equal(t, want, got)
	}
}

// Of a name that comes twice the last counts, and null is no error by itself.
func TestChatEventOddFields(t *testing.T) {
	for raw, want := range map[string]ChatEvent{
		`{"type":"text","content":"a","type":"done","content":"b"}`: {Type: ChatDone},
		`{"type":"text","content":"a","content":"b"}`:               {Type: ChatText, Content: "b"},
		`{"type":"text","content":null,"sessionId":null}`:           {Type: ChatText},
		`{"type":null,"content":"a"}`:                               {},
		`{"type":5,"sessionId":"s"}`:                                {SessionID: "s"},
		`{"type":"tool","error":null}`:                              {Type: ChatTool},
		`{"type":"tool","error":"x"}`:                               {Type: ChatTool},
		`{"type":"error","error":null}`:                             {Type: ChatError, Error: &EventError{}},
		`{"type":"error","error":"x"}`:                              {Type: ChatError, Error: &EventError{Message: "x"}},
		`{"type":"error","error":"x","message":"m"}`:                {Type: ChatError, Error: &EventError{Message: "m"}},
		`{"type":"error","error":{"message":null},"message":"m"}`:   {Type: ChatError, Error: &EventError{}},
		`{"type":"error","error":{"code":5,"message":["m"]}}`:       {Type: ChatError, Error: &EventError{Code: "5", Message: `["m"]`}},
		`null`: {}, `[]`: {}, `"text"`: {}, `{}`: {}, ``: {},
	} {
		got, err := decodeChatEvent(raw)
		require.NoError(t, err, raw)
		want.raw = raw
		require.Equal(t, want, got)
	}
}

// FuzzChatEvent compares the fast path with encoding/json.
func FuzzChatEvent(f *testing.F) {
	for _, raw := range chatEvents {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := decodeChatEvent(raw)
		want, wantErr := decodeAnyChatEvent(raw)
		require.Equal(t, want, got)
		require.Equal(t, wantErr == nil, err == nil)
		require.Equal(t, raw, string(got.Raw()))
	})
}

// FuzzPlainText is FuzzChatEvent for texts alone, where most of the inputs get
// as far as the fast path.
func FuzzPlainText(f *testing.F) {
	for _, text := range []string{"", "Hi! ", "Grüße 🙂", `a\nb`, `"`, `\`, "\xff", "\x00", `","content":"b`, `"} `} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := `{"type":"text","content":"` + text + `"}`
		got, err := decodeChatEvent(raw)
		want, wantErr := decodeAnyChatEvent(raw)
		require.Equal(t, want, got)
		require.Equal(t, wantErr == nil, err == nil)
	})
}

// FuzzLogEntry: any line is an entry, and keeps what came.
func FuzzLogEntry(f *testing.F) {
	for _, raw := range []string{`{"line":"INFO a"}`, `"x"`, `plain`, `{"timestamp":"2026-01-15T10:30:00.000Z","level":"WARN","message":"m"}`, `[2026-01-15T10:30:00Z] ERROR: x`, ``} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		e := readLogEntry(raw)
		require.Equal(t, raw, string(e.Raw()))
		require.False(t, e.Reconnected)
		if raw != "" && raw != `""` {
			require.NotEmpty(t, e.Line)
		}
	})
}

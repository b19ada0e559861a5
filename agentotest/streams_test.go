package agentotest_test

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chathttp"
)

func TestChatStream(t *testing.T) {
	text := agento.ChatEvent{Type: agento.ChatText, Content: "Hello"}
	done := agento.ChatEvent{Type: agento.ChatDone, SessionID: "s1"}
	for name, test := range map[string]struct {
		events []agento.ChatEvent
		err    error
		want   []string // the types of the events
	}{
		"complete":         {[]agento.ChatEvent{text, done}, nil, []string{"text", "done"}},
		"without done":     {[]agento.ChatEvent{text}, nil, []string{"text", "done"}},
		"nothing":          {nil, nil, []string{"done"}},
		"error":            {[]agento.ChatEvent{text}, agento.ErrStreamTruncated, []string{"text"}},
		"error at once":    {nil, agento.ErrStreamIdle, nil},
		"error after done": {[]agento.ChatEvent{done}, agento.ErrStreamIdle, []string{"done"}},
	} {
		t.Run(name, func(t *testing.T) {
			var types []string
			var failure error
			for event, err := range agentotest.ChatStream(test.events, test.err).All() {
				if err != nil {
					failure = err
					break
				}
				types = append(types, event.Type)
			}
			require.Equal(t, test.want, types)
			require.Equal(t, test.err, failure)

			reply, err := agentotest.ChatStream(test.events, test.err).Reply()
			require.Equal(t, test.err, err)
			require.Equal(t, len(test.want), reply.Events)

			stream := agentotest.ChatStream(test.events, test.err)
			types = nil
			for event := range stream.Events() {
				types = append(types, event.Type)
			}
			require.Equal(t, test.want, types)
			require.Equal(t, test.err, stream.Err())

			recorder := httptest.NewRecorder()
			require.Equal(t, test.err, chathttp.Relay(recorder, agentotest.ChatStream(test.events, test.err)))
			if test.err == nil {
				require.Contains(t, recorder.Body.String(), `{"type":"done"}`)
			}
		})
	}
}

func TestChatStreamDoesNotModifyEvents(t *testing.T) {
	events := []agento.ChatEvent{{Type: agento.ChatText, Content: "a"}, {Type: agento.ChatText, Content: "b"}}
	text, err := agentotest.ChatStream(events[:1], nil).Text()
	require.NoError(t, err)
	require.Equal(t, "a", text)
	require.Equal(t, "b", events[1].Content)
}

func TestLogStream(t *testing.T) {
	entries := []agento.LogEntry{{Line: "one"}, {Reconnected: true}, {Line: "two"}}
	stream := agentotest.LogStream(entries, agento.ErrNotFound)
	var got []agento.LogEntry
	for entry := range stream.Events() {
		got = append(got, entry)
	}
	require.Equal(t, entries, got)
	require.Equal(t, agento.ErrNotFound, stream.Err())
	require.NoError(t, agentotest.LogStream(nil, nil).Close())
}

// The durations of a reply are measured from the first read, since nothing was sent.
func TestChatStreamReplyDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply, err := agentotest.ChatStream([]agento.ChatEvent{{Type: agento.ChatText, Content: "Hello"}}, nil).Reply()
		require.NoError(t, err)
		require.Zero(t, reply.Duration)
		require.Zero(t, reply.FirstToken)
	})
}

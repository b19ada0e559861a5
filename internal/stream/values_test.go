package stream

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/sse"
)

// newValues returns the data of the body's events as values. "skip" is skipped, "last" is
// the last value, and "fail" ends the sequence with an error.
func newValues(body string) *Values[string] {
	return &Values[string]{Reader: reader(body), Handler: handler{}, First: func() {}}
}

type handler struct {
	reconnect func() // nil: the sequence ends with the connection
}

func (handler) Decode(ev *sse.Event) Decoded[string] {
	switch data := string(ev.Data); data {
	case "fail":
		return Decoded[string]{Err: io.ErrNoProgress}
	default:
		return Decoded[string]{Value: data, Skip: data == "skip", Last: data == "last"}
	}
}

func (h handler) AtEnd(reason error) error {
	if h.reconnect == nil {
		return reason
	}
	h.reconnect()
	return nil
}

func reader(body string) *Reader {
	return NewReader(context.Background(), strings.NewReader(body), io.NopCloser(nil), *sse.NewDecoder(1000), time.Minute)
}

func TestValuesNext(t *testing.T) {
	for name, tt := range map[string]struct {
		body   string
		lines  bool
		values []string
		last   bool
		err    error
	}{
		"to the end":             {body: "data: a\n\ndata: skip\n\ndata: b\n\n", values: []string{"a", "b"}, err: io.EOF},
		"last":                   {body: "data: a\n\ndata: last\n\n", values: []string{"a", "last"}, last: true},
		"error":                  {body: "data: a\n\ndata: fail\n\n", values: []string{"a"}, err: io.ErrNoProgress},
		"lines joined":           {body: "data: {}\ndata: {}\n\n", values: []string{"{}\n{}"}, err: io.EOF},
		"lines of objects":       {body: "data: {\"n\":1}\ndata: {\"n\":2}\ndata: last\n\n", lines: true, values: []string{`{"n":1}`, `{"n":2}`, "last"}, last: true},
		"lines of one object":    {body: "data: {\"n\":\ndata: 1}\n\n", lines: true, values: []string{"{\"n\":\n1}"}, err: io.EOF},
		"lines that are no JSON": {body: "data: a\ndata: b\n\n", lines: true, values: []string{"a\nb"}, err: io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			v := newValues(tt.body)
			v.Lines = tt.lines
			firsts := 0
			v.First = func() { firsts++ }
			defer v.Finish(true)
			var got []string
			for {
				var value string
				last, err := v.Next(&value)
				require.Equal(t, 1, firsts)
				if err != nil {
					require.ErrorIs(t, err, tt.err)
					break
				}
				got = append(got, value)
				if last {
					break
				}
			}
			require.Equal(t, tt.values, got)
			require.Equal(t, tt.last, tt.err == nil)
		})
	}
}

func TestValuesReadyWithoutReading(t *testing.T) {
	v := newValues("data: a\n\ndata: skip\n\ndata: b\n\n")
	defer v.Finish(false)
	require.False(t, v.Ready(), "nothing was read yet")
	var value string
	_, err := v.Next(&value)
	require.NoError(t, err)
	require.Equal(t, "a", value)
	require.True(t, v.Ready())
	require.True(t, v.Ready(), "the value waits")
	_, err = v.Next(&value)
	require.NoError(t, err)
	require.Equal(t, "b", value)
	require.False(t, v.Ready(), "the end is not known without reading")
	_, err = v.Next(&value)
	require.ErrorIs(t, err, io.EOF)
}

// TestValuesRetainsNoEvent checks that nothing of an event is retained while the next has not
// arrived: its slices can be all that is left of large buffers.
func TestValuesRetainsNoEvent(t *testing.T) {
	v := newValues("event: x\nid: 1\ndata: a\n\n:\n\n")
	defer v.Finish(false)
	_, err := v.Next(new(string))
	require.NoError(t, err)
	require.False(t, v.Ready())
	require.Zero(t, v.block)
}

func TestValuesPushedValueIsNext(t *testing.T) {
	v := newValues("data: a\n\n")
	defer v.Finish(false)
	v.Handler = handler{reconnect: func() {
		v.Reader.Finish(false)
		v.Reader = reader("data: b\n\n")
		v.Push(Decoded[string]{Value: "reconnected"})
		v.Handler = handler{}
	}}
	var got []string
	for {
		var value string
		_, err := v.Next(&value)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		got = append(got, value)
	}
	require.Equal(t, []string{"a", "reconnected", "b"}, got)

	v.Push(Decoded[string]{Value: "c"})
	require.True(t, v.Ready())
	var value string
	_, err := v.Next(&value)
	require.NoError(t, err)
	require.Equal(t, "c", value)
}

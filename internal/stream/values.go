package stream

import (
	"bytes"
	"encoding/json"

	"github.com/remsyshq/agento-go/internal/sse"
)

// Decoded is what an event of the wire means.
type Decoded[T any] struct {
	Value T
	Skip  bool  // not for the caller
	Last  bool  // the stream is complete with it
	Err   error // ends the stream, without a value; io.EOF: it is complete
}

// Values is a sequence of decoded events. Like its Reader it runs on the goroutine of
// its caller.
type Values[T any] struct {
	*Reader
	Decode func(sse.Event) Decoded[T]
	// AtEnd is called with the reason when the connection has ended. It returns the
	// error of the sequence, io.EOF if it is complete, or nil if it has set Reader to
	// a new connection.
	AtEnd func(reason error) error
	First func() // called before the first value; may be nil
	Stop  func() // makes a blocked Next return; any goroutine may call it
	// Lines: a data line that is a JSON object is an event of its own.
	Lines bool

	block   sse.Event // the event that more lines are left of
	more    bool
	push    Decoded[T]
	pushed  bool
	ahead   Decoded[T] // decoded by Ready
	waiting bool       // ahead has something for Next
}

// Push makes d the next value. Decode and AtEnd call it for a value that no event of
// the wire stands for.
func (v *Values[T]) Push(d Decoded[T]) { v.push, v.pushed = d, true }

// Next returns the next value. last reports that the sequence is complete with it.
func (v *Values[T]) Next() (value T, last bool, err error) {
	d := v.ahead
	if v.waiting {
		v.ahead, v.waiting = Decoded[T]{}, false
	} else {
		d, _ = v.advance(true)
	}
	return d.Value, d.Last, d.Err
}

// Ready reports whether Next returns at once.
func (v *Values[T]) Ready() bool {
	if !v.waiting {
		v.ahead, v.waiting = v.advance(false)
	}
	return v.waiting
}

// advance decodes events until one is for the caller. Unless it may wait for the
// network, it returns false where there is none.
func (v *Values[T]) advance(wait bool) (Decoded[T], bool) {
	for {
		if v.pushed {
			v.pushed = false
			return v.push, true
		}
		if !v.more {
			ev, ok, err := v.Buffered()
			if !ok && err == nil {
				if !wait {
					return Decoded[T]{}, false
				}
				ev, err = v.Reader.Next()
			}
			if err != nil {
				if err = v.AtEnd(err); err != nil {
					return Decoded[T]{Err: err}, true
				}
				continue
			}
			v.block = ev
		}
		d := v.Decode(v.nextLine())
		if d.Skip && d.Err == nil {
			continue
		}
		if d.Err == nil && v.First != nil {
			v.First()
			v.First = nil
		}
		return d, true
	}
}

// nextLine takes one event's data from that of the block: the documented example of
// a chat has a data line for each event, and no blank lines between them.
func (v *Values[T]) nextLine() sse.Event {
	ev := v.block
	v.more = false
	if v.Lines {
		line, rest, _ := bytes.Cut(ev.Data, []byte("\n"))
		if len(rest) > 0 && bytes.HasPrefix(line, []byte("{")) && json.Valid(line) {
			ev.Data, v.block.Data, v.more = line, rest, true
		}
	}
	return ev
}

// Interrupt makes a blocked Next return. Any goroutine may call it.
func (v *Values[T]) Interrupt() { v.Stop() }

package stream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"

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
	Decode func(*sse.Event) Decoded[T]
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
	current Decoded[T]
	waiting bool // Next has not returned current
}

// Push makes d the next value. Decode and AtEnd call it for a value that no event of
// the wire stands for.
func (v *Values[T]) Push(d Decoded[T]) { v.push, v.pushed = d, true }

// Next returns the next value. last reports that the sequence is complete with it.
func (v *Values[T]) Next() (value T, last bool, err error) {
	if !v.waiting {
		v.advance(true)
	}
	v.waiting = false
	return v.current.Value, v.current.Last, v.current.Err
}

// Ready reports whether Next returns at once.
func (v *Values[T]) Ready() bool {
	if !v.waiting {
		v.waiting = v.advance(false)
	}
	return v.waiting
}

// advance decodes events until one is for the caller, and makes it current. Unless it
// may wait for the network, it returns false where there is none.
func (v *Values[T]) advance(wait bool) bool {
	for {
		if v.pushed {
			v.current, v.pushed = v.push, false
			return true
		}
		if !v.more {
			ok, err := v.Buffered(&v.block)
			if !ok && err == nil {
				if !wait {
					return false
				}
				err = v.Reader.Next(&v.block)
			}
			if err != nil {
				if err = v.AtEnd(err); err != nil {
					v.current = Decoded[T]{Err: err}
					return true
				}
				continue
			}
		}
		rest := v.cutLine()
		v.current = v.Decode(&v.block)
		v.block.Data, v.more = rest, rest != nil
		if v.current.Skip && v.current.Err == nil {
			continue
		}
		if v.current.Err == nil && v.First != nil {
			v.First()
			v.First = nil
		}
		return true
	}
}

// cutLine reduces the data of the block to that of one event, and returns the rest:
// the documented example of a chat has a data line for each event, and no blank lines
// between them.
func (v *Values[T]) cutLine() (rest []byte) {
	if !v.Lines {
		return nil
	}
	line, rest, _ := bytes.Cut(v.block.Data, []byte("\n"))
	if len(rest) == 0 || !bytes.HasPrefix(line, []byte("{")) || !json.Valid(line) {
		return nil
	}
	v.block.Data = line
	return rest
}

// Interrupt makes a blocked Next return. Any goroutine may call it.
func (v *Values[T]) Interrupt() { v.Stop() }

// Fixed is a sequence that is known from the start.
type Fixed[T any] struct {
	Events []T
	Err    error // after the events; nil: the sequence is complete
}

// Next returns the next value, as that of Values.
func (f *Fixed[T]) Next() (event T, last bool, err error) {
	if len(f.Events) == 0 {
		return event, false, cmp.Or(f.Err, io.EOF)
	}
	event, f.Events = f.Events[0], f.Events[1:]
	return event, false, nil
}

// Ready reports whether Next returns at once.
func (f *Fixed[T]) Ready() bool { return true }

// Interrupt does nothing: Next never blocks.
func (f *Fixed[T]) Interrupt() {}

// Finish does nothing: there is no connection.
func (f *Fixed[T]) Finish(bool) {}

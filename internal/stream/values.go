package stream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"

	"github.com/remsyshq/agento-go/internal/sse"
)

// Decoded is the decoded form of an event.
type Decoded[T any] struct {
	Value T
	Skip  bool  // not returned to the caller
	Last  bool  // the last value of a complete stream
	Err   error // ends the stream instead of a value; io.EOF: it is complete
}

// Handler decodes the events of a sequence and handles the end of its connection.
type Handler[T any] interface {
	Decode(*sse.Event) Decoded[T]
	// AtEnd is called with the reason when the connection has ended. It returns the
	// error of the sequence, io.EOF if it is complete, or nil if it has set Values.Reader
	// to a new connection.
	AtEnd(reason error) error
}

// Values is a sequence of decoded events. Like its Reader, it runs on the caller's
// goroutine.
type Values[T any] struct {
	*Reader
	Handler Handler[T]
	First   func() // called once, before the first decoded event is returned; may be nil
	// Stop makes a blocked Next return, and releases what the handler uses. It is safe for
	// concurrent use. It may be nil if AtEnd does not replace Reader.
	Stop func()
	// Lines treats each data line that is a JSON object as a separate event. The first line
	// that is not, and those after it, stay one event.
	Lines bool

	block  sse.Event // the event whose lines are not all decoded
	more   bool
	ready  bool // ahead is the next value
	pushed []Decoded[T]
	ahead  Decoded[T] // decoded by Ready
}

// Push adds a value that is returned before the next event.
func (v *Values[T]) Push(d Decoded[T]) { v.pushed = append(v.pushed, d) }

// Next sets value to the next value. last reports whether it completes the sequence.
func (v *Values[T]) Next(value *T) (last bool, err error) {
	var d Decoded[T]
	if v.ready {
		d, v.ready = v.ahead, false
	} else {
		for !v.decode(&d) {
			if err = v.Fill(); err != nil {
				err = v.Handler.AtEnd(err)
			}
			if err != nil {
				return false, err
			}
		}
	}
	*value = d.Value
	return d.Last, d.Err
}

// Ready reports whether Next returns a value that has arrived.
func (v *Values[T]) Ready() bool {
	if !v.ready {
		v.ready = v.decode(&v.ahead)
	}
	return v.ready
}

// decode sets d to the next value that has arrived, or returns false.
func (v *Values[T]) decode(d *Decoded[T]) bool {
	for {
		if len(v.pushed) > 0 {
			*d, v.pushed = v.pushed[0], v.pushed[1:]
			return true
		}
		if !v.more && !v.Buffered(&v.block) {
			v.block = sse.Event{} // it may be all that retains a large buffer
			return false
		}
		rest := v.cutLine()
		*d = v.Handler.Decode(&v.block)
		v.block.Data, v.more = rest, rest != nil
		if d.Skip && d.Err == nil {
			continue
		}
		if d.Err == nil && v.First != nil {
			v.First()
			v.First = nil
		}
		return true
	}
}

// cutLine reduces the block's data to the first event and returns the rest. The documented
// example of a chat has no blank lines between events, so they arrive as one block.
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

// Finish releases the connection, and what the handler uses.
func (v *Values[T]) Finish(complete bool) {
	v.Reader.Finish(complete)
	if v.Stop != nil {
		v.Stop()
	}
}

// Interrupt makes a blocked Next return. It is safe for concurrent use.
func (v *Values[T]) Interrupt() {
	if v.Stop != nil {
		v.Stop()
		return
	}
	v.Reader.Interrupt()
}

// Fixed returns a sequence of the given values that ends with err, or is complete if err
// is nil.
func Fixed[T any](values []T, err error) *Values[T] {
	v := &Values[T]{Reader: &Reader{closer: io.NopCloser(nil), end: io.EOF}}
	for _, value := range values {
		v.Push(Decoded[T]{Value: value})
	}
	v.Push(Decoded[T]{Err: cmp.Or(err, io.EOF)})
	return v
}

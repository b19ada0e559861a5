package agento

import (
	"encoding/json"

	"github.com/remsyshq/agento-go/internal/wire"
)

// Optional is a field of an update: leave it, set it, or clear it. The zero
// value leaves it as it is. [Set] gives it a value, also false and "", and
// [Clear] sends an explicit null.
type Optional[T any] struct {
	value T
	state optionalState
}

type optionalState uint8

const (
	leave optionalState = iota
	set
	clearIt
)

// Set gives a field of an update the value v.
func Set[T any](v T) Optional[T] { return Optional[T]{value: v, state: set} }

// Clear empties a field of an update, as by a JSON null.
func Clear[T any]() Optional[T] { return Optional[T]{state: clearIt} }

// IsZero reports whether the field is left as it is. It makes the omitzero tag
// of encoding/json leave it out.
func (o Optional[T]) IsZero() bool { return o.state == leave }

// Get returns the value, and whether one is set.
func (o Optional[T]) Get() (T, bool) { return o.value, o.state == set }

// Cleared reports whether the field is to be emptied.
func (o Optional[T]) Cleared() bool { return o.state == clearIt }

// MarshalJSON writes the value, or null where the field is cleared.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.state != set {
		return []byte("null"), nil
	}
	return wire.Marshal(o.value)
}

// UnmarshalJSON reads a value as set and a null as cleared.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = Clear[T]()
		return nil
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*o = Set(v)
	return nil
}

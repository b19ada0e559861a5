package agento

import (
	"encoding/json"

	"github.com/remsyshq/agento-go/internal/wire"
)

// Optional is a field of an update. The zero value does not change the field, [Set] sets a
// value, and [Clear] sets null.
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

// Set returns an Optional that sets a field to v.
func Set[T any](v T) Optional[T] { return Optional[T]{value: v, state: set} }

// Clear returns an Optional that sets a field to null.
func Clear[T any]() Optional[T] { return Optional[T]{state: clearIt} }

// IsZero reports whether the field is not changed. encoding/json omits it with omitzero.
func (o Optional[T]) IsZero() bool { return o.state == leave }

// Get returns the value and whether it is set.
func (o Optional[T]) Get() (T, bool) { return o.value, o.state == set }

// Cleared reports whether the field is set to null.
func (o Optional[T]) Cleared() bool { return o.state == clearIt }

// MarshalJSON returns the JSON of the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.state != set {
		return []byte("null"), nil
	}
	return wire.Marshal(o.value)
}

// UnmarshalJSON decodes a value, or null as cleared.
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

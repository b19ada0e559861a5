package wire

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Difference is a difference between a response and the type it is decoded into.
type Difference struct{ Kind, Field string }

// Kinds of differences.
const (
	Absent   = "absent"  // no object has the field
	Unknown  = "unknown" // the type does not have the field
	NewValue = "value"   // the field has an unknown value
)

// Drift compares the responses of a client with their types. The zero value is ready to
// use.
type Drift struct {
	mu        sync.Mutex
	responses map[string]*int // by operation
	reported  map[reported]bool
}

type reported struct {
	operation string
	Difference
}

// Compare returns the differences of a response that were not returned before. It
// compares the first 16 responses of an operation and then every 256th.
func (d *Drift) Compare(operation string, body []byte, t reflect.Type, known func(reflect.Type) []string) (fresh []Difference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.responses == nil {
		d.responses, d.reported = make(map[string]*int), make(map[reported]bool)
	}
	n := d.responses[operation]
	if n == nil {
		n = new(int)
		d.responses[operation] = n
	}
	if *n++; *n > 16 && *n%256 != 0 {
		return nil
	}
	for _, difference := range differences(Objects(body), t, known) {
		r := reported{operation, difference}
		if !d.reported[r] {
			d.reported[r] = true
			fresh = append(fresh, difference)
		}
	}
	return fresh
}

// differences compares the objects of a response with their type. known returns the
// values of an enumeration type. A field may be absent if it can be nil or has omitempty.
func differences(objects []map[string]json.RawMessage, t reflect.Type, known func(reflect.Type) []string) (all []Difference) {
	fields := make(map[string]reflect.Type)
	var expected []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		fields[name] = field.Type
		if kind := field.Type.Kind(); option == "" && kind != reflect.Pointer && kind != reflect.Slice && kind != reflect.Map {
			expected = append(expected, name)
		}
	}
	if len(fields) == 0 || len(objects) == 0 {
		return nil
	}
	for _, name := range expected {
		has := func(object map[string]json.RawMessage) bool { return object[name] != nil }
		if !slices.ContainsFunc(objects, has) {
			all = append(all, Difference{Absent, name})
		}
	}
	for _, object := range objects {
		for name, value := range object {
			field, ok := fields[name]
			if !ok {
				all = append(all, Difference{Unknown, name})
			} else if values := known(field); values != nil && !isNull(value) && !slices.Contains(values, String(value)) {
				all = append(all, Difference{NewValue, name})
			}
		}
	}
	return all
}

package agentotest

import (
	"fmt"
	"slices"
)

// resource is what the API has in its bodies.
type resource interface{ wire() any }

// find returns the row with an ID. The error names its kind.
func find[T interface{ ident() string }](kind string, rows []T, id string) (T, error) {
	for _, row := range rows {
		if row.ident() == id {
			return row, nil
		}
	}
	var none T
	return none, notFound(kind)
}

func remove[T comparable](rows []T, row T) []T {
	return slices.DeleteFunc(rows, func(other T) bool { return other == row })
}

// filter returns the rows for which keep holds.
func filter[T any](rows []T, keep func(T) bool) []T {
	var kept []T
	for _, row := range rows {
		if keep(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

// newestFirst returns what a test sees of rows.
func newestFirst[T, U any](rows []T, snapshot func(T) U) []U {
	var out []U
	for _, row := range slices.Backward(rows) {
		out = append(out, snapshot(row))
	}
	return out
}

// newID makes up an ID in the form of a UUID. The kind tells IDs of different things
// apart. Later IDs are greater.
func (s *Service) newID(kind int) string {
	s.serial++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, s.serial)
}

// kinds of IDs.
const (
	kindAgent = 0xa0 + iota
	kindSwarm
	kindChunk
	kindSkill
	kindInstalled
	kindMessage
)

// appendLimited appends a row. It keeps the newest limit rows at least, and never more
// than twice as many.
func appendLimited[T any](rows []T, row T, limit int) []T {
	if len(rows) >= 2*limit {
		rows = slices.Clone(rows[len(rows)-limit+1:])
	}
	return append(rows, row)
}

// newest returns the last rows, at most limit of them.
func newest[T any](rows []T, limit int) []T { return rows[max(0, len(rows)-limit):] }

package agentotest

import (
	"fmt"
	"slices"
)

// resource is an object that responses contain.
type resource interface{ wire() any }

// find returns the row with an ID, or an error that names the kind of row.
func find[T interface{ ident() string }](kind string, rows []T, id string) (T, error) {
	for _, row := range rows {
		if row.ident() == id {
			return row, nil
		}
	}
	var zero T
	return zero, notFound(kind)
}

func remove[T comparable](rows []T, row T) []T {
	return slices.DeleteFunc(rows, func(other T) bool { return other == row })
}

func filter[T any](rows []T, keep func(T) bool) []T {
	var kept []T
	for _, row := range rows {
		if keep(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

// newestFirst returns snapshots in reverse order. rows is in order of creation.
func newestFirst[T, U any](rows []T, snapshot func(T) U) []U {
	var out []U
	for _, row := range slices.Backward(rows) {
		out = append(out, snapshot(row))
	}
	return out
}

// newID returns a new ID in the form of a UUID. IDs of the same kind ascend.
func (s *Service) newID(kind int) string {
	s.serial++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, s.serial)
}

const (
	kindAgent = 0xa0 + iota
	kindSwarm
	kindChunk
	kindSkill
	kindInstalled
	kindMessage
)

// appendLimited appends a row. It keeps between limit and 2*limit rows.
func appendLimited[T any](rows []T, row T, limit int) []T {
	if len(rows) >= 2*limit {
		rows = slices.Clone(rows[len(rows)-limit+1:])
	}
	return append(rows, row)
}

// newest returns at most the last limit rows.
func newest[T any](rows []T, limit int) []T { return rows[max(0, len(rows)-limit):] }

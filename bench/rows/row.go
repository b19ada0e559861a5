// Package rows measures the ways to call the service against each other, one row
// of the table after the other.
package rows

import (
	"context"
	"time"

	"github.com/remsyshq/agento-go/bench/clients"
)

// Row is one thing that is measured.
type Row struct {
	Key  string // names the row on the command line
	Name string
	Unit string // what one of is reported: "call", "event"
	What string // what happens, for the page

	// Growth names the rows that do the same with more of it; Scale is how much.
	Growth string
	Scale  int
	Only   bool // it stands in the table of growth alone

	// Cannot says which ways have no such operation, and why.
	Cannot map[string]string
	// Behind says why a way can be ahead of the SDK here, by the way's name.
	Behind map[string]string

	list    int  // rows in the service's list; 0: the default of 100
	memory  bool // over a transport without sockets
	endless bool // the caller's context has no deadline
	bytes   bool // the value is memory, not time
	ops     int  // how often a sample does it
	units   int  // how many units one time is
	steps   int  // how many pairs there are for each that was asked for; 0: one
	most    int  // how many pairs there are at most; 0: no bound
	measure func(ctx context.Context, c clients.Client, ops int) (measured, error)
}

// Bytes reports whether the values are bytes, not nanoseconds.
func (r Row) Bytes() bool { return r.bytes }

// Memory reports whether the row needs no sockets.
func (r Row) Memory() bool { return r.memory }

// measured is what a sample took as a whole. Where value is not zero it is
// reported, otherwise the time is.
type measured struct {
	value float64
	wall  time.Duration
}

// Sample is what one unit took.
type Sample struct {
	Value  float64 `json:"value"`  // nanoseconds, or bytes
	CPU    float64 `json:"cpu"`    // nanoseconds of this process; 0: not told
	Allocs float64 `json:"allocs"` // 0: not told
}

// Pair is two samples that were taken one right after the other.
type Pair struct {
	Raw Sample `json:"raw"`
	Own Sample `json:"own"`
}

// Result is what one way took for one row. The raw way has a result too, whose
// pairs hold its own sample twice.
type Result struct {
	Row   string `json:"row"`
	Kind  string `json:"kind"`
	Pairs []Pair `json:"pairs"`
}

// repeat measures what is done ops times.
func repeat(do func(ctx context.Context, c clients.Client) error) func(context.Context, clients.Client, int) (measured, error) {
	return func(ctx context.Context, c clients.Client, ops int) (measured, error) {
		begun := time.Now()
		for range ops {
			if err := do(ctx, c); err != nil {
				return measured{}, err
			}
		}
		return measured{wall: time.Since(begun)}, nil
	}
}

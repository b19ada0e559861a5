package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if spec, ok := os.LookupEnv(workerEnv); ok { // a worker is this binary again
		if err := work(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestProcesses is the program in small. What it asserts does not depend on how
// fast the machine is; the figures are the program's.
func TestProcesses(t *testing.T) {
	for _, name := range []string{shared, killed, paused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan{
				Case: name, Processes: 4, Calls: 15, Goroutines: 5,
				Limit: 20, Window: 3 * time.Second, Timeout: 10 * time.Second,
			}
			if name != shared {
				p.Timeout = 500 * time.Millisecond // so that it is exceeded
			}
			r, err := p.run(t.Context())
			require.NoError(t, err)
			t.Log(r.row(&p))
			require.Empty(t, r.errors)
			require.GreaterOrEqual(t, r.took, p.ideal())
			if name == shared {
				require.Zero(t, r.limited)
				require.Zero(t, r.alone)
			} else {
				require.Positive(t, r.alone)
			}
		})
	}
}

// The service that the program brings does refuse what comes too early.
func TestProcessesWithout(t *testing.T) {
	t.Parallel()
	p := plan{Case: without, Processes: 4, Calls: 10, Goroutines: 5, Limit: 5, Window: time.Second}
	r, err := p.run(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.limited)
}

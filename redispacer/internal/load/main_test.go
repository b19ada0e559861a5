package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if spec, ok := os.LookupEnv(workerEnv); ok { // workers run the same binary
		if err := work(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestProcesses runs the program at a small scale. Its assertions do not depend on
// the speed of the machine.
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

// TestProcessesWithout checks that the program's service rejects early requests.
func TestProcessesWithout(t *testing.T) {
	t.Parallel()
	p := plan{Case: without, Processes: 4, Calls: 10, Goroutines: 5, Limit: 5, Window: time.Second}
	r, err := p.run(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.limited)
}

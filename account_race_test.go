package agento_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

type inject = func(agentotest.Request) (agentotest.Fault, bool)

// everyFifth cuts every fifth answer to a call that matches, after it took effect.
func everyFifth(matches func(agentotest.Request) bool) inject {
	var n atomic.Int64
	return func(r agentotest.Request) (agentotest.Fault, bool) {
		return agentotest.Drop().AfterCommit(), matches(r) && n.Add(1)%5 == 0
	}
}

func anyCall(agentotest.Request) bool { return true }

func isPut(r agentotest.Request) bool { return r.Method == "PUT" }

// slow makes every call take a while, so that the edits of many clients overlap.
func slow(d time.Duration, next inject) inject {
	return func(r agentotest.Request) (agentotest.Fault, bool) {
		if f, ok := next(r); ok {
			return f.Delayed(d), true
		}
		return agentotest.Delay(d), true
	}
}

func noFault(agentotest.Request) (agentotest.Fault, bool) { return agentotest.Fault{}, false }

// appender appends lines as a careful caller does: after an unknown outcome it
// looks whether the line is there before it edits again.
type appender struct {
	client  *agento.Client
	agent   agento.Target
	unknown *atomic.Int64
}

func (a appender) add(ctx context.Context, line string) error {
	for {
		_, err := a.client.Account.EditPersonality(ctx, a.agent, func(old string) (string, error) {
			return old + line, nil
		})
		if !errors.Is(err, agento.ErrOutcomeUnknown) {
			return err
		}
		a.unknown.Add(1)
		doc, err := a.client.Account.Personality(ctx, a.agent)
		if err != nil || strings.Contains(doc.Content, line) {
			return err
		}
	}
}

func TestManyEditsLoseNothing(t *testing.T) {
	tests := map[string]struct {
		clients, edits int
		faults         inject
		resolvable     bool // by the SDK alone, since nobody else writes
	}{
		"one client":                                {1, 50, noFault, true},
		"one client, answers cut":                   {1, 50, everyFifth(anyCall), true},
		"one client, answers to writes cut":         {1, 50, everyFifth(isPut), true},
		"one client, slow, answers cut":             {1, 50, slow(20*time.Millisecond, everyFifth(anyCall)), true},
		"five clients":                              {5, 10, noFault, true},
		"five clients, slow":                        {5, 10, slow(20*time.Millisecond, noFault), true},
		"five clients, very slow":                   {5, 10, slow(time.Second, noFault), true},
		"five clients, answers to writes cut":       {5, 10, everyFifth(isPut), false},
		"five clients, slow, answers to writes cut": {5, 10, slow(20*time.Millisecond, everyFifth(isPut)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			harness.RunService(t, nil, func(t *testing.T, s *agentotest.Server) {
				id := s.AddAgent(agentotest.AgentSeed{SoulMD: "# Rules\n"})
				s.Inject(tt.faults)
				var edits sync.WaitGroup
				var unknown atomic.Int64
				var want []string
				for c := range tt.clients {
					a := appender{s.Client(), agento.ForAgent(id), &unknown}
					for i := range tt.edits {
						line := fmt.Sprintf("- rule %02d of client %d\n", i, c)
						want = append(want, line)
						edits.Go(func() {
							if err := a.add(t.Context(), line); err != nil {
								t.Errorf("%q: %v", line, err)
							}
						})
					}
				}
				edits.Wait()
				soul := s.Agent(id).Soul.Content
				require.ElementsMatch(t, want, strings.SplitAfter(strings.TrimPrefix(soul, "# Rules\n"), "\n")[:len(want)])
				require.Len(t, soul, len("# Rules\n")+len(strings.Join(want, "")), "each line once")
				if tt.resolvable {
					require.Zero(t, unknown.Load())
				}
				t.Logf("%d requests, %d outcomes left to the caller", len(s.Requests()), unknown.Load())
			})
		})
	}
}

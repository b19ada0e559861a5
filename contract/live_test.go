package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// liveBinary is the test binary of package live. It is built once, in a directory that
// TestMain removes.
var liveBinary = sync.OnceValues(func() (string, error) {
	var err error
	if liveDir, err = os.MkdirTemp("", "agento-live"); err != nil {
		return "", err
	}
	binary := filepath.Join(liveDir, "live.test")
	cmd := exec.Command("go", "test", "-c", "-tags", "live", "-o", binary, "./live")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

var liveDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if liveDir != "" {
		_ = os.RemoveAll(liveDir)
	}
	os.Exit(code)
}

// live is a run of the tests of package live against a fake service.
type live struct {
	t      *testing.T
	server *agentotest.Server
	cmd    *exec.Cmd
	out    strings.Builder
	report string
}

// goLive prepares a run. env adds or replaces environment variables.
func goLive(t *testing.T, server *agentotest.Server, env ...string) *live {
	t.Helper()
	binary, err := liveBinary()
	require.NoError(t, err)
	l := &live{t: t, server: server, report: filepath.Join(t.TempDir(), "report.json")}
	l.cmd = exec.Command(binary, "-test.v", "-test.timeout=10m")
	l.cmd.Dir = filepath.Join(root, "live")
	l.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"AGENTO_API_KEY=" + server.Key(), "AGENTO_BASE_URL=" + server.URL, "AGENTO_LIVE_REPORT=" + l.report,
	}, env...)
	l.cmd.Stdout, l.cmd.Stderr = &l.out, &l.out
	return l
}

const writes = "AGENTO_LIVE_WRITE=1"

// run runs the binary and returns the exit code.
func (l *live) run() int {
	l.t.Helper()
	require.NoError(l.t, l.cmd.Start())
	return l.wait()
}

func (l *live) wait() int {
	_ = l.cmd.Wait()
	return l.cmd.ProcessState.ExitCode()
}

// interrupt waits until the service reports ready on a channel, and then sends a signal.
func (l *live) interrupt(ready <-chan struct{}, signal os.Signal) int {
	l.t.Helper()
	l.runUntil(ready)
	require.NoError(l.t, l.cmd.Process.Signal(signal))
	return l.wait()
}

func (l *live) runUntil(ready <-chan struct{}) {
	l.t.Helper()
	require.NoError(l.t, l.cmd.Start())
	select {
	case <-ready:
	case <-time.After(2 * time.Minute):
		_ = l.cmd.Process.Kill()
		l.wait()
		require.Fail(l.t, "not ready in time", l.out.String())
	}
}

func (l *live) read() *wirereport.Report {
	l.t.Helper()
	data, err := os.ReadFile(l.report)
	require.NoError(l.t, err, l.out.String())
	var report wirereport.Report
	require.NoError(l.t, json.Unmarshal(data, &report))
	return &report
}

// requireNothingLeft checks that the account contains only what it was seeded with.
func (l *live) requireNothingLeft() {
	l.t.Helper()
	out := l.out.String()
	require.NotContains(l.t, out, "NOT ALL IS REMOVED")
	require.Len(l.t, l.server.Agents(), 1, out)
	require.Len(l.t, l.server.Swarms(), 1, out)
	for _, skill := range l.server.Skills() {
		require.NotContains(l.t, skill.Name, "agento-go-live-", out)
	}
	require.NotContains(l.t, out, l.server.Key())
}

// seededService returns a service with existing objects, which must not change.
func seededService(t *testing.T, opts ...agentotest.Option) *agentotest.Server {
	t.Helper()
	s := agentotest.NewServer(append([]agentotest.Option{agentotest.WithRateLimit(600, time.Minute)}, opts...)...)
	t.Cleanup(s.Close)
	swarm := s.AddSwarm(agentotest.SwarmSeed{Name: "Mine"})
	agent := s.AddAgent(agentotest.AgentSeed{Name: "Mine", SwarmID: swarm, SoulMD: "# Mine"})
	s.AddSession(agent, "T", "pia")
	s.AddKnowledge(agent, agentotest.Chunk{Content: "one"})
	s.AddKnowledge(swarm, agentotest.Chunk{Content: "one"})
	s.AddSkill(agentotest.SkillSeed{Name: "mine", Custom: true})
	s.AppendLog(agent, "INFO", "ready")
	return s
}

// hang returns an answer that does not end, and a channel that reports its start.
func hang() ([]agentotest.Option, <-chan struct{}) {
	asked := make(chan struct{})
	var once sync.Once
	return []agentotest.Option{
		agentotest.WithReplyGap(time.Hour),
		agentotest.WithReply(func(agentotest.Turn) []string {
			once.Do(func() { close(asked) })
			return []string{"One ", "two"}
		}),
	}, asked
}

func TestLiveReads(t *testing.T) {
	t.Parallel()
	l := goLive(t, seededService(t))
	require.Zero(t, l.run(), l.out.String())
	l.requireNothingLeft()
	for _, r := range l.server.Requests() {
		require.Equal(t, http.MethodGet, r.Method, "%s without %s", r.Path, writes)
	}
	report := l.read()
	require.Equal(t, wirereport.Summary{Confirmed: 15, Unknown: 28}, report.Summary, l.out.String())
	require.Equal(t, []string{"no rule to read: listRules returned none"}, report.Operation("getRule").Reasons)
	require.Equal(t, []string{"the response is empty, so its fields are not known"}, report.Operation("listMessages").Reasons)
	require.Equal(t, []string{"not tried: it writes, and AGENTO_LIVE_WRITE is not 1"}, report.Operation("createAgent").Reasons)
	require.Empty(t, report.Differences)
	require.Equal(t, "the service at "+l.server.URL, report.Source)
}

func TestLiveReadsAnEmptyAccount(t *testing.T) {
	t.Parallel()
	s := agentotest.NewServer()
	defer s.Close()
	l := goLive(t, s)
	require.Zero(t, l.run(), l.out.String())
	report := l.read()
	require.Equal(t, []string{"no agent to read: listAgents returned none"}, report.Operation("getAgent").Reasons)
	require.Equal(t, []string{"no swarm to read: listSwarms returned none"}, report.Operation("getSwarm").Reasons)
}

func TestLiveWrites(t *testing.T) {
	t.Parallel()
	l := goLive(t, seededService(t), writes)
	require.Zero(t, l.run(), l.out.String())
	l.requireNothingLeft()
	report := l.read()
	require.Equal(t, wirereport.Summary{Confirmed: len(route.All())}, report.Summary, l.out.String())
	require.Empty(t, report.Differences)
}

// TestLiveReportsDifferences checks that an unknown field is reported, and that a missing
// field refutes the operation.
func TestLiveReportsDifferences(t *testing.T) {
	t.Parallel()
	s := seededService(t)
	body := `{"data":{"id":"acc","email":"e","plan":{"name":"p"},"usage":{},"name":"n","region":"eu"}}`
	s.Next("getAccount", 1, agentotest.Answer(agentotest.Raw{Body: []byte(body)}))
	s.Next("listSwarms", 1, agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":[{"key":"s1","title":"S"}],"pagination":{"total":1}}`)}))
	s.Next("listAgents", 1, agentotest.Answer(agentotest.Raw{Body: []byte(`{"items":[]}`)}))
	s.Next("listSessions", 1, agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":[{"title":"T"}],"pagination":{"total":1}}`)}))
	s.Next("getSkill", 1, agentotest.Answer(agentotest.Raw{Status: 404, Body: []byte("<html>")}))
	s.Next("browseSkills", 1, agentotest.Fail(http.StatusForbidden, "forbidden"))
	l := goLive(t, s, "AGENTO_LIVE_AGENT="+s.Agents()[0].ID)
	require.Equal(t, 1, l.run(), l.out.String())
	report := l.read()
	require.Equal(t, "field gone: Session.id: the response does not have it", report.Operation("listSessions").Reasons[0])
	for name, want := range map[string]wirereport.Verdict{
		"getAccount": wirereport.Confirmed, "listSwarms": wirereport.Refuted, "listAgents": wirereport.Refuted,
		"browseSkills": wirereport.Unknown,
	} {
		require.Equal(t, want, report.Operation(name).Verdict, name)
	}
	var texts []string
	for _, d := range report.Differences {
		texts = append(texts, d.String())
	}
	require.Contains(t, texts, "field unknown: Account.region: the SDK does not know it")
}

// TestLiveLeavesNothingBehind ends runs with writes in different ways.
func TestLiveLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	t.Run("a test fails", func(t *testing.T) {
		t.Parallel()
		s := seededService(t)
		noRoute := agentotest.Answer(agentotest.Raw{Status: 404, Body: []byte("<html>")})
		for _, op := range []string{"updateSwarm", "updatePersonality", "deleteSkill"} {
			s.Next(op, 1, noRoute)
		}
		l := goLive(t, s, writes)
		require.Equal(t, 1, l.run(), l.out.String())
		l.requireNothingLeft()
		report := l.read()
		require.Equal(t, wirereport.Summary{Confirmed: 40, Refuted: 3}, report.Summary, l.out.String())
		require.Contains(t, report.Operation("updateSwarm").Reasons[0], "404")
	})
	t.Run("the response to a create is lost", func(t *testing.T) {
		t.Parallel()
		s := seededService(t)
		for _, op := range []string{"createAgent", "createSwarm", "uploadSkill"} {
			s.Next(op, 1, agentotest.Drop().AfterCommit())
		}
		l := goLive(t, s, writes)
		require.Zero(t, l.run(), l.out.String())
		l.requireNothingLeft()
		require.Contains(t, l.out.String(), "left behind by this run")
		require.Equal(t, wirereport.Unknown, l.read().Operation("createAgent").Verdict)
	})
	t.Run("Ctrl-C during an answer", func(t *testing.T) {
		t.Parallel()
		reply, asked := hang()
		l := goLive(t, seededService(t, reply...), writes)
		require.Equal(t, 130, l.interrupt(asked, os.Interrupt), l.out.String())
		l.requireNothingLeft()
		report := l.read()
		require.Equal(t, wirereport.Confirmed, report.Operation("createAgent").Verdict)
		require.Equal(t, wirereport.Unknown, report.Operation("sendMessage").Verdict)
	})
	t.Run("Ctrl-C of go test", func(t *testing.T) {
		t.Parallel()
		reply, asked := hang()
		l := goLive(t, seededService(t, reply...))
		l.cmd = exec.Command("go", "test", "-count=1", "-tags", "live", "./live")
		l.cmd.Dir, l.cmd.Stdout, l.cmd.Stderr = root, &l.out, &l.out
		l.cmd.Env = append(os.Environ(), "AGENTO_API_KEY="+l.server.Key(), "AGENTO_BASE_URL="+l.server.URL, writes)
		l.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the process group gets the signal, as in a terminal
		l.runUntil(asked)
		require.NoError(t, syscall.Kill(-l.cmd.Process.Pid, syscall.SIGINT))
		require.Positive(t, l.wait(), l.out.String())
		l.requireNothingLeft()
	})
	t.Run("Ctrl-C while the agent starts", func(t *testing.T) {
		t.Parallel()
		s := seededService(t, agentotest.WithStartDelay(agentotest.OnDemand))
		waiting := make(chan struct{})
		var once sync.Once
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			if r.Operation == "getAgentStatus" && len(s.Agents()) > 1 {
				once.Do(func() { close(waiting) })
			}
			return agentotest.Fault{}, false
		})
		l := goLive(t, s, writes)
		require.Equal(t, 130, l.interrupt(waiting, os.Interrupt), l.out.String())
		l.requireNothingLeft()
	})
	t.Run("timeout", func(t *testing.T) {
		t.Parallel()
		reply, _ := hang()
		l := goLive(t, seededService(t, reply...), writes)
		l.cmd.Args = append(l.cmd.Args, "-test.timeout=20s")
		require.Equal(t, 130, l.run(), l.out.String())
		l.requireNothingLeft()
	})
	t.Run("run after a kill", func(t *testing.T) {
		t.Parallel()
		reply, asked := hang()
		s := seededService(t, reply...)
		goLive(t, s, writes).interrupt(asked, syscall.SIGKILL)
		require.Len(t, s.Agents(), 2, "there is something to remove")
		s.Next("createAgent", 1, agentotest.Fail(http.StatusForbidden, "limit_reached")) // so that no answer hangs
		l := goLive(t, s, writes)
		require.Zero(t, l.run(), l.out.String())
		require.Contains(t, l.out.String(), "left behind by an earlier run")
		l.requireNothingLeft()
	})
}

// TestLiveReportsLeftovers checks that objects that cannot be removed are reported by name.
func TestLiveReportsLeftovers(t *testing.T) {
	t.Parallel()
	s := seededService(t)
	s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
		return agentotest.Fail(http.StatusForbidden, "forbidden"), r.Operation == "deleteSwarm"
	})
	l := goLive(t, s, writes)
	require.Equal(t, 1, l.run())
	require.Len(t, s.Swarms(), 2)
	require.Contains(t, l.out.String(), "NOT ALL IS REMOVED")
	require.Contains(t, l.out.String(), s.Swarms()[0].Name)
}

func TestLiveWithoutKey(t *testing.T) {
	t.Parallel()
	s := agentotest.NewServer()
	defer s.Close()
	l := goLive(t, s, "AGENTO_API_KEY=")
	require.Equal(t, 2, l.run())
	require.Contains(t, l.out.String(), "AGENTO_API_KEY")
	require.Empty(t, s.Requests())
}

// TestLiveCommand runs the documented command.
func TestLiveCommand(t *testing.T) {
	t.Parallel()
	s := seededService(t)
	cmd := exec.Command("go", "test", "-count=1", "-tags", "live", "./live")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "AGENTO_API_KEY="+s.Key(), "AGENTO_BASE_URL="+s.URL)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotEmpty(t, s.Requests())
	vet := exec.Command("go", "vet", "-tags", "live", "./live")
	vet.Dir = root
	out, err = vet.CombinedOutput()
	require.NoError(t, err, string(out))
}

package documents

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// Service is the fake service of a block.
type Service struct {
	*agentotest.Server
	Client  *agento.Client
	AgentID string
	// After is called when the block has returned. Its output is part of the block's
	// output.
	After func()
}

// RunBlock runs a block against a new service with one running agent. The key has the
// given scopes, or all scopes if scopes is nil.
func RunBlock(scopes []string, setup func(*Service), block func(context.Context, *agento.Client) error) {
	server := agentotest.NewServer(agentotest.WithReply(reply))
	defer server.Close()
	if scopes == nil {
		scopes = agentotest.AllScopes()
	}
	s := &Service{Server: server}
	s.AgentID = server.AddAgent(agentotest.AgentSeed{Name: "Support", SoulMD: "You are brief.", SharedMode: true})
	for name, value := range map[string]string{"AGENTO_API_KEY": server.AddKey(scopes...), "AGENTO_BASE_URL": server.URL, "ANTHROPIC_API_KEY": "made up"} {
		os.Setenv(name, value)
	}
	var err error
	if s.Client, err = agento.NewFromEnv(); err != nil {
		panic(err)
	}
	setup(s)
	if err := block(context.Background(), s.Client); err != nil {
		fmt.Println("error:", err)
	}
	if s.After != nil {
		s.After()
	}
}

// Program returns a block that runs a complete program in a process of its own. The
// program finds the service through the environment. The document and the line are for
// the compiler's errors.
func Program(document string, line int, text string) func(context.Context, *agento.Client) error {
	return func(ctx context.Context, _ *agento.Client) error {
		scratch, err := os.MkdirTemp("", "program")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(scratch) }()
		main := filepath.Join(scratch, "main.go")
		if err := os.WriteFile(main, fmt.Appendf(nil, "//line %s:%d\n%s", document, line, text), 0o600); err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, "go", "run", main).Output()
		fmt.Print(string(out))
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		return err
	}
}

func reply(turn agentotest.Turn) []string {
	if turn.Message == "Hello" {
		return []string{"Hello", ", how can I help?"}
	}
	return []string{"It is ", "on its way."}
}

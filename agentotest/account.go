package agentotest

type accountWire struct {
	ID    string         `json:"id"`
	Email string         `json:"email"`
	Name  string         `json:"name"`
	Plan  planWire       `json:"plan"`
	Usage map[string]any `json:"usage"`
}

type planWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type usedWire struct {
	Used  int `json:"used"`
	Limit int `json:"limit"`
}

func (s *Service) getAccount(*call) (answer, error) {
	running := 0
	for _, a := range s.state.agents {
		if a.up() {
			running++
		}
	}
	return ok(accountWire{
		ID: "acc_test", Email: "test@example.com", Name: "Test Account",
		Plan: planWire{"test", "Test"},
		Usage: map[string]any{
			"agents":        usage(len(s.state.agents), s.config.maxAgents),
			"runningAgents": usage(running, s.config.maxRunning),
			"swarms":        len(s.state.swarms),
		},
	})
}

// usage is a counter, with the plan's limit where there is one.
func usage(used, limit int) any {
	if limit > 0 {
		return usedWire{used, limit}
	}
	return used
}

package agento

import (
	"context"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// SetSecrets sets an agent's secrets. There is no way to read them back. It may
// replace the whole set, so that a secret which is left out is lost: give all of
// them. Whether a running agent sees them before [AgentsService.Restart] is not
// documented; restart it to be sure.
//
// PUT /v1/agents/{id}/secrets, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrOutcomeUnknown] when the answer
// is lost; setting the same secrets again is then harmless.
func (s *AccountService) SetSecrets(ctx context.Context, t Target, secrets Secrets, opts ...Option) error {
	if len(secrets) == 0 {
		return errs.Argument("Secrets", "are empty; the call may replace the whole set")
	}
	if err := secrets.check(); err != nil {
		return err
	}
	r, err := t.request(route.SetSecrets, nil)
	if err != nil {
		return err
	}
	r.body = secrets
	return exec(ctx, s.core, r, opts)
}

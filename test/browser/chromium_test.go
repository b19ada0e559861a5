package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// startChromium starts the browser. The returned function stops it.
func startChromium(profile string) (context.Context, func(), error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("program chromium not found: install the Debian package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.DisableGPU, chromedp.WSURLReadTimeout(giveUp))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // required to run as root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator) // ends with its parent
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err = <-started:
	case <-time.After(giveUp):
		err = errors.New("no response")
	}
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("%s (Debian's package chromium) does not start: %w", program, err)
	}
	return ctx, end, nil
}

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

// startChromium starts the browser. The function that it returns ends it.
func startChromium(profile string) (context.Context, func(), error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("there is no program chromium: install Debian's package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.DisableGPU)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it does not run as root otherwise
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator) // ends with its parent
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err = <-started:
	case <-time.After(giveUp):
		err = errors.New("no answer")
	}
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("%s (Debian's package chromium) does not start: %w", program, err)
	}
	return ctx, end, nil
}

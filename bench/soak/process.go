package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// roleVariable makes this program the service; its value is the seed.
const roleVariable = "AGENTO_SOAK_SERVICE_SEED"

// serveIfAsked is the whole life of the service's process, so that what is
// measured in the other one is the SDK alone.
func serveIfAsked() {
	text := os.Getenv(roleVariable)
	if text == "" {
		return
	}
	signal.Ignore(os.Interrupt) // Ctrl-C is for the load, which then asks for the balance
	var seed uint64
	_, err := fmt.Sscan(text, &seed)
	if err == nil {
		err = beService(seed, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak, service:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// other is the service's process, seen from the load.
type other struct {
	*courier
	command *exec.Cmd
	in      io.Closer
	answers *json.Decoder
	sites   []site
}

// startService runs this program as the service.
func startService(seed uint64) (*other, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", roleVariable, seed))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	o := &other{courier: newCourier(in), command: command, in: in, answers: json.NewDecoder(out)}
	if err := o.answers.Decode(&o.sites); err != nil {
		o.kill()
		return nil, fmt.Errorf("the service did not start: %w", err)
	}
	return o, nil
}

// books ends the service and returns its account.
func (o *other) books() (books, error) {
	var b books
	if err := o.send(record{Kind: settle}); err != nil {
		return b, err
	}
	if err := o.answers.Decode(&b); err != nil {
		return b, fmt.Errorf("the service did not settle: %w", err)
	}
	return b, nil
}

// kill ends the process, if it has not ended by itself.
func (o *other) kill() {
	_ = o.in.Close()
	_ = o.command.Process.Kill()
	_ = o.command.Wait()
}

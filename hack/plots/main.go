// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command plots draws what the bench wrote: `make bench-plots`.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

func main() {
	from := flag.String("json", "", "`file` that the bench wrote")
	out := flag.String("out", "", "`directory` for the pictures")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

// report is what is drawn of a run; see test/bench/README.md.
type report struct {
	Sizes []size `json:"sizes"`
}

type size struct {
	Scenario string                 `json:"scenario"`
	People   int                    `json:"people"`
	Median   map[string]measurement `json:"median"`
	Ratios   []ratio                `json:"ratios"`
}

type ratio struct {
	To     string  `json:"to"`
	Ratio  float64 `json:"ratio"`
	Target float64 `json:"target"`
}

type measurement struct {
	PerSecond float64 `json:"peoplePerSecond"`
	Server    float64 `json:"serverMillisecondsPerPerson"`
	Manager   float64 `json:"managerMillisecondsPerPerson"`
	Writes    float64 `json:"writesPerPerson"`
}

var ways = []string{"raw", "minimal", "operator"}

// chart is one picture of bars: a group for each size of each scenario, and in it a bar for each series.
type chart struct {
	file, title, axis string
	series            []string
	groups            []string
	// values are by series, in the order of the groups; limits are lines above groups, 0 where there is none.
	values map[string][]float64
	limits []float64
}

func run(from, out string) error {
	if from == "" || out == "" {
		return errors.New("-json and -out are required")
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(content, &r); err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	if len(r.Sizes) == 0 {
		return fmt.Errorf("%s has none of the scenarios that are drawn", from)
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	for _, c := range r.charts() {
		file := filepath.Join(out, c.file)
		if err := c.draw(file); err != nil {
			return fmt.Errorf("drawing %s: %w", c.title, err)
		}
		fmt.Println(file)
	}
	return nil
}

// charts are the pictures of a run.
func (r report) charts() []chart {
	return []chart{
		r.ratios(),
		r.byWay("rates.png", "How many people a second", "people per second", func(m measurement) float64 { return m.PerSecond }),
		r.byWay("server.png", "What a person costs the API server", "ms of processor per person", func(m measurement) float64 { return m.Server }),
		r.byWay("manager.png", "What a person costs the manager", "ms of processor per person", func(m measurement) float64 { return m.Manager }),
		r.byWay("writes.png", "Writes to the API server", "writes per person", func(m measurement) float64 { return m.Writes }),
	}
}

func (r report) groups() []string {
	var all []string
	for _, s := range r.Sizes {
		all = append(all, fmt.Sprintf("%s\n%d", s.Scenario, s.People))
	}
	return all
}

func (r report) byWay(file, title, axis string, value func(measurement) float64) chart {
	c := chart{file: file, title: title, axis: axis, series: ways, groups: r.groups(), values: map[string][]float64{}}
	for _, s := range r.Sizes {
		for _, way := range ways {
			c.values[way] = append(c.values[way], value(s.Median[way]))
		}
	}
	return c
}

// ratios show the operator's time beside that of the minimal controller, with the target as a line.
func (r report) ratios() chart {
	const series = "operator / minimal"
	c := chart{file: "ratios.png", title: "The operator's time, as a multiple of a minimal controller's", axis: "times", series: []string{series}, groups: r.groups(), values: map[string][]float64{}}
	for _, s := range r.Sizes {
		i := slices.IndexFunc(s.Ratios, func(r ratio) bool { return r.To == "minimal" })
		value, limit := 0.0, 0.0
		if i >= 0 {
			value, limit = s.Ratios[i].Ratio, s.Ratios[i].Target
		}
		c.values[series], c.limits = append(c.values[series], value), append(c.limits, limit)
	}
	return c
}

var (
	shades = []color.Color{color.RGBA{R: 0x99, G: 0xa8, B: 0xb8, A: 0xff}, color.RGBA{R: 0x4c, G: 0x78, B: 0xa8, A: 0xff}, color.RGBA{R: 0xe0, G: 0x7b, B: 0x39, A: 0xff}}
	target = color.RGBA{R: 0xc0, A: 0xff}
)

// draw writes the picture.
func (c chart) draw(file string) error {
	const width = 14 // of a bar, in points
	p := plot.New()
	p.Title.Text, p.Y.Label.Text = c.title, c.axis
	p.Y.Min, p.Legend.Top = 0, true
	p.Add(plotter.NewGrid())
	for i, name := range c.series {
		bars, err := plotter.NewBarChart(plotter.Values(c.values[name]), vg.Points(width))
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width = shades[(i+len(shades)-len(c.series))%len(shades)], 0
		bars.Offset = vg.Points(width * (float64(i) - float64(len(c.series)-1)/2))
		p.Add(bars)
		p.Legend.Add(name, bars)
	}
	named := false
	for i, limit := range c.limits {
		if limit == 0 {
			continue
		}
		const half = 0.4
		line, err := plotter.NewLine(plotter.XYs{{X: float64(i) - half, Y: limit}, {X: float64(i) + half, Y: limit}})
		if err != nil {
			return err
		}
		line.Color, line.Width = target, vg.Points(2)
		p.Add(line)
		if !named {
			p.Legend.Add("target", line)
		}
		named = true
	}
	const edge, headroom = 0.6, 1.3 // no bar is cut, nor hidden by the legend
	p.NominalX(c.groups...)
	p.X.Min, p.X.Max = -edge, float64(len(c.groups)-1)+edge
	p.Y.Max *= headroom
	return p.Save(vg.Length(max(5, len(c.groups)))*vg.Inch, 4*vg.Inch, file)
}

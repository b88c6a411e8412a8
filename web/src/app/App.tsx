import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { makeQueryClient } from "@/api";
import "@/i18n";
import { Toasts, TooltipProvider } from "@/ui";
import { router } from "./router";

const client = makeQueryClient();

export function App() {
  return (
    <QueryClientProvider client={client}>
      <TooltipProvider delayDuration={500} skipDelayDuration={200}>
        <RouterProvider router={router} />
        <Toasts />
      </TooltipProvider>
    </QueryClientProvider>
  );
}

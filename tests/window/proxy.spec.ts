import { expect, headers, test } from './mock';

const url = process.env.PROXY_URL!;

test('the proxy has a window that shows what it has, and nothing else', async ({ page }) => {
  await page.goto(`${url}/__mock/ui#/world`);
  await expect(page.locator('#live')).toHaveText('Live');
  await expect(page.locator('h1')).toContainText('proxy of http://');
  await expect(page.getByRole('navigation').getByRole('link')).toHaveText(['Requests', 'API']);
  await expect(page.getByLabel('Sandbox', { exact: true })).toBeHidden();
  await fetch(`${url}/v1/user/notifications?page=0`, { headers: headers() });
  await page.getByRole('listbox', { name: 'Requests' }).getByRole('option').first().click();
  const detail = page.getByRole('region', { name: 'The open request' });
  await expect(detail).toContainText('request, documented');
  await expect(detail).toContainText('The proxy keeps neither headers nor bodies.');
  await expect(detail.getByRole('button', { name: 'Answer otherwise' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Empty the journal' }).click();
  await page.getByRole('dialog', { name: 'Forget the requests of this proxy?' }).getByRole('button', { name: 'Empty' }).click();
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
  await page.getByRole('link', { name: 'API', exact: true }).click();
  await expect(page.getByText('getProfile').first().or(page.locator('.opblock').first())).toBeVisible();
  await expect(page.getByRole('link', { name: 'Control API' })).toBeHidden();
  // The window asks for nothing that a proxy has not; that would stand in the journal.
  await page.goto(`${url}/__mock/ui`);
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
  const { requests } = await (await fetch(`${url}/__mock/requests`)).json();
  expect(requests).toEqual([]);
});
